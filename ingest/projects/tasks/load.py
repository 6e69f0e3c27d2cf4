"""Loads the facts that tasks are derived from, grouped by session.

Rows of turns that were rolled back or reverted are left out; the rest is in the order it happened.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import NamedQueries, Row
from ingest.projects.tasks.plan import LoggedPlan, Point
from ingest.sessions.load import decode_steps
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, list_sessions

Key = tuple[str, str]
"""A session by its home and id."""


class LoadedFile(NamedTuple):
    key: Key
    segment: str
    place: int


class LoggedGoal(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    objective: str
    status: str


class AgentEvent(Struct, frozen=True, gc=False):
    """An event of a sub-agent, as its parent session logged it."""

    segment: str
    point: Point
    at: datetime | None
    event: str
    child: str | None
    nickname: str | None
    path: str | None
    task: str | None


class LoggedMessage(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    text: str
    plan: bool = False
    """Whether Codex marks the message as a proposed plan."""
    turn_state: str = ""
    ended_at: datetime | None = None


class ObservedAction(NamedTuple):
    """A command that was run or a file that was changed."""

    point: Point
    kind: str
    what: str


class LoadedTasks(Struct):
    """The facts of one session."""

    session: Session
    plan: list[LoggedPlan] = field(default_factory=list)
    refused_plans: int = 0
    goals: list[LoggedGoal] = field(default_factory=list)
    links: list[AgentEvent] = field(default_factory=list)
    proposals: list[LoggedMessage] = field(default_factory=list)
    requests: list[LoggedMessage] = field(default_factory=list)
    seen: list[ObservedAction] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.session.home_id, self.session.id


def load_project(rows: NamedQueries, project: str | None, now: Now) -> list[LoadedTasks]:
    """The facts of the sessions of a project, or of all sessions."""
    return load_sessions(
        rows, list_sessions(rows, Scope(project=project), now), whole=project is None
    )


def load_sessions(
    rows: NamedQueries, sessions: Iterable[Session], *, whole: bool = False
) -> list[LoadedTasks]:
    """The facts of these sessions. `whole`: they are all sessions, so queries need no filter."""
    by_session = {(session.home_id, session.id): LoadedTasks(session) for session in sessions}
    _load_facts(rows, by_session, None if whole else sorted({session for _, session in by_session}))
    return list(by_session.values())


def load_plan(rows: NamedQueries, session: str) -> list[LoggedPlan]:
    """The revisions of one session's plan. Copies of the session in other homes are ignored."""
    files = _files(rows, [session])
    home = min((file.key for file in files.values()), default=None)
    mine = {number: file for number, file in files.items() if file.key == home}
    revisions = _revisions(_live_rows(rows, "sessions.plans", mine, _rolled_back_turns(rows)))
    return [revision for _, revision in revisions if revision is not None]


def _load_facts(
    rows: NamedQueries, by_session: dict[Key, LoadedTasks], only: list[str] | None
) -> None:
    files = {number: file for number, file in _files(rows, only).items() if file.key in by_session}
    rolled_back = _rolled_back_turns(rows)

    def load(
        name: str, sources: dict[int, LoadedFile] = files
    ) -> Iterator[tuple[LoadedTasks, LoadedFile, Row]]:
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
    unfinished = {
        number: file
        for number, file in files.items()
        if by_session[file.key].session.state is not SessionState.DONE
    }
    for loaded, file, row in load("tasks.requests", unfinished):
        loaded.requests.append(_request(file, row))
    # Commands and files are evidence of plan steps only.
    planned = {number: file for number, file in files.items() if by_session[file.key].plan}
    for file, seen in _load_actions(rows, planned):
        by_session[file.key].seen.append(seen)
    for loaded in by_session.values():
        loaded.seen.sort()


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


def _rolled_back_turns(rows: NamedQueries) -> frozenset[tuple[int, int]]:
    return frozenset((row["source"], row["turn"]) for row in rows.rows("tasks.gone"))


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
