"""Loads what each session contributes to the tasks of its project: as it is stored, or derived from
its facts.

Rows of turns that were rolled back or reverted are left out; the rest is in the order it happened.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct, ValidationError

from ingest import log
from ingest.db.query_reader import DerivedStore, NamedQueries, Row
from ingest.errors import DatabaseError
from ingest.projects.tasks.plan import LoggedPlan, Point
from ingest.projects.tasks.session_tasks import (
    AgentEvent,
    LoggedGoal,
    LoggedMessage,
    ObservedAction,
    SessionFacts,
    SessionTasks,
    decode_tasks,
    encode_tasks,
    session_tasks,
    version,
)
from ingest.sessions.load import decode_steps
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, list_sessions

Key = tuple[str, str]
"""A session by its home and id."""


class LoadedFile(NamedTuple):
    key: Key
    segment: str
    place: int


class LoadedTasks(Struct):
    session: Session
    tasks: SessionTasks

    @property
    def key(self) -> Key:
        return self.session.home_id, self.session.id


def load_project(rows: NamedQueries, project: str | None, now: Now) -> list[LoadedTasks]:
    """What the sessions of a project, or all sessions, contribute to its tasks."""
    return load_sessions(
        rows, list_sessions(rows, Scope(project=project), now), whole=project is None
    )


def load_sessions(
    rows: NamedQueries, sessions: Iterable[Session], *, whole: bool = False
) -> list[LoadedTasks]:
    """What these sessions contribute. `whole`: they are all sessions, so queries need no filter."""
    by_key = {(session.home_id, session.id): session for session in sessions}
    only = None if whole else sorted({session for _, session in by_key})
    # An owner derives again, in the background, what another version of the program stored.
    accepted = version() if isinstance(rows, DerivedStore) else None
    tasks = dict[Key, SessionTasks]()
    for row in rows.rows("tasks.stored", sessions=only, version=accepted):
        with suppress(ValidationError):  # Another version stored something else.
            tasks[row["home"], row["id"]] = decode_tasks(row["document"])
    missing = [key for key in by_key if key not in tasks]
    derived = derive_sessions(rows, missing, whole=whole and len(missing) == len(by_key))
    if derived and isinstance(rows, DerivedStore):
        # Without it, on a full disk for example, they are derived again the next time.
        with log.suppress("Storing the tasks of sessions", DatabaseError):
            store_sessions(rows, derived)
    tasks |= derived
    return [LoadedTasks(session, tasks[key]) for key, session in by_key.items()]


def store_sessions(database: DerivedStore, derived: Mapping[Key, SessionTasks]) -> None:
    """Store what these sessions contribute, until they have new lines."""
    documents = [
        {"home": home, "id": session, "document": encode_tasks(tasks)}
        for (home, session), tasks in derived.items()
    ]
    database.store_derived(
        [
            ("tasks.drop_stored", {"sessions": documents}),
            ("tasks.store", {"sessions": documents, "version": version()}),
        ]
    )


def derive_sessions(
    rows: NamedQueries, keys: Collection[Key], *, whole: bool = False
) -> dict[Key, SessionTasks]:
    """What these sessions contribute, derived from their facts."""
    facts = {key: SessionFacts() for key in keys}
    if keys:
        _load_facts(rows, facts, None if whole else sorted({session for _, session in keys}))
    return {key: session_tasks(key[1], facts[key]) for key in keys}


def load_plan(rows: NamedQueries, session: str) -> list[LoggedPlan]:
    """The revisions of one session's plan. Copies of the session in other homes are ignored."""
    files = _files(rows, [session])
    home = min((file.key for file in files.values()), default=None)
    mine = {number: file for number, file in files.items() if file.key == home}
    rolled_back = _rolled_back_turns(rows, mine)
    revisions = _revisions(_live_rows(rows, "sessions.plans", mine, rolled_back))
    return [revision for _, revision in revisions if revision is not None]


def _load_facts(
    rows: NamedQueries, by_session: dict[Key, SessionFacts], only: list[str] | None
) -> None:
    files = {number: file for number, file in _files(rows, only).items() if file.key in by_session}
    rolled_back = _rolled_back_turns(rows, None if only is None else files)

    def load(
        name: str, sources: dict[int, LoadedFile] = files
    ) -> Iterator[tuple[SessionFacts, LoadedFile, Row]]:
        for file, row in _live_rows(rows, name, sources, rolled_back):
            yield by_session[file.key], file, row

    for key, revision in _revisions(_live_rows(rows, "sessions.plans", files, rolled_back)):
        if revision is None:
            by_session[key].refused_plans += 1
        else:
            by_session[key].plan.append(revision)
    for loaded, file, row in load("sessions.goals"):
        loaded.goals.append(
            LoggedGoal(
                file.segment,
                row["byte"],
                row["at"],
                row["objective"] or "",
                row["status"] or "active",
            )
        )
    for loaded, file, row in load("tasks.agents"):
        loaded.links.append(_agent_event(file, row))
    for loaded, file, row in load("tasks.proposals"):
        loaded.proposals.append(_message(file, row, plan=row["phase"] == "plan"))
    for loaded, file, row in load("tasks.requests"):
        loaded.requests.append(_request(file, row))
    # Commands and files are evidence of plan steps only.
    planned = {number: file for number, file in files.items() if by_session[file.key].plan}
    for file, seen in _load_actions(rows, planned):
        by_session[file.key].seen.append(seen)


def _load_actions(
    rows: NamedQueries, files: dict[int, LoadedFile]
) -> Iterator[tuple[LoadedFile, ObservedAction]]:
    for kind in ("commands", "files") if files else ():
        for row in rows.rows(f"tasks.{kind}", sources=list(files)):
            file = files[row["source"]]
            yield file, ObservedAction(Point(file.place, row["byte"]), row["kind"], row["what"])


def _files(rows: NamedQueries, sessions: list[str] | None) -> dict[int, LoadedFile]:
    """The files by source; `place` is the position within the session."""
    return {
        row["source"]: LoadedFile((row["home"], row["session"]), row["segment"], row["place"])
        for row in rows.rows("tasks.segments", sessions=sessions)
    }


def _rolled_back_turns(
    rows: NamedQueries, files: Collection[int] | None
) -> frozenset[tuple[int, int]]:
    gone = rows.rows("tasks.gone", sources=None if files is None else list(files))
    return frozenset((row["source"], row["turn"]) for row in gone)


def _live_rows(
    rows: NamedQueries,
    name: str,
    files: dict[int, LoadedFile],
    rolled_back: frozenset[tuple[int, int]],
) -> Iterator[tuple[LoadedFile, Row]]:
    """The rows of turns that still count, each session's in the order they happened."""
    fetched = rows.rows(name, sources=list(files)) if files else []
    placed = [(files[row["source"]], row) for row in fetched]
    # Rows are ordered within a file already, and the sort is stable.
    for file, row in sorted(placed, key=lambda loaded: loaded[0].place):
        if not rolled_back or (row["source"], row["turn"]) not in rolled_back:
            yield file, row


def _revisions(rows: Iterable[tuple[LoadedFile, Row]]) -> Iterator[tuple[Key, LoggedPlan | None]]:
    """The plan revisions; None for one that Codex refused."""
    line, nth = (-1, -1), 0
    for file, row in rows:
        here = row["source"], row["byte"]
        line, nth = here, nth + 1 if here == line else 0
        if not row["accepted"]:
            yield file.key, None
            continue
        point = Point(file.place, row["byte"])
        steps = decode_steps(row["steps"])
        yield (
            file.key,
            LoggedPlan(point, file.segment, nth, row["at"], row["explanation"], steps),
        )


def _agent_event(file: LoadedFile, row: Row) -> AgentEvent:
    return AgentEvent(
        file.segment,
        Point(file.place, row["byte"]),
        row["time"],
        row["event"],
        row["child"],
        row["nickname"],
        row["path"],
        row["task"],
    )


def _message(file: LoadedFile, row: Row, *, plan: bool) -> LoggedMessage:
    return LoggedMessage(file.segment, row["byte"], row["time"], row["text"], plan)


def _request(file: LoadedFile, row: Row) -> LoggedMessage:
    return LoggedMessage(
        file.segment,
        row["byte"],
        row["time"],
        row["text"],
        turn_state=row["state"],
        ended_at=row["ended_at"],
    )
