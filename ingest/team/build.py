"""Reads what changed in shared projects since it was sent last, and builds the rows to send."""

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from ingest import __version__
from ingest.db.query_reader import NamedQueries, Row
from ingest.projects.identity import is_remote
from ingest.projects.journal.blocks import Comment, markdown
from ingest.projects.journal.build import journal_rules, journals_of
from ingest.projects.journal.page import page
from ingest.sessions.load import Parts, load_logs
from ingest.sessions.model import SessionLog, SessionTurn
from ingest.sessions.scope import TIMELESS
from ingest.sessions.session import Session, to_sessions
from ingest.team.membership import Level, Membership, SharedProject
from ingest.team.rows import (
    Changes,
    GoneUnit,
    JournalRow,
    MemoryRow,
    Portion,
    SessionRow,
    TaskRow,
    Unit,
    UsageRow,
    clean,
    clean_if_any,
    name_if_any,
    unit_id,
)

_EVERY: Final = 1_000_000_000
_TURNS: Final = Parts(facts=("messages", "calls", "changes"))
_ARTIFACT_BYTES: Final = 300_000
"""Most text of the commands and messages of a turn: PostgreSQL indexes at most about a megabyte of
a row. What is beyond it is left out, and counted."""


def version(membership: Membership, project: SharedProject) -> str:
    """Changes with what decides, beside the data, which rows are sent, and where to."""
    since, joined = project.since.isoformat(), membership.joined_at.isoformat()
    seen_by = project.visibility
    return " ".join((__version__, project.level, seen_by, since, membership.installation, joined))


def find_changes(
    rows: NamedQueries, membership: Membership, project: SharedProject, limit: int | None = None
) -> Changes:
    stamped, has_plan = version(membership, project), project.level.has_plan
    found = rows.rows("team.changed", version=stamped, project=project.id, limit=limit or _EVERY)
    total, has_gone = (found[0]["total"], found[0]["gone"]) if found else (0, 0)
    units = [
        Unit(row["home"], row["session"], row["stamp"], row["bytes"])
        for row in found
        if row["stamp"] is not None
    ]
    if has_plan:
        for row in rows.rows("team.changed_tasks", version=stamped, project=project.id):
            if row["stamp"] is None:
                has_gone += 1
            else:
                units.insert(0, Unit("", "", row["stamp"]))
                total += 1
    else:
        has_gone += len(rows.rows("team.sent_tasks", project=project.id))
    gone: list[GoneUnit] = []
    if has_gone:
        gone = [
            GoneUnit(**row) for row in rows.rows("team.gone", project=project.id, tasks=has_plan)
        ]
    return Changes(units, gone, total)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


def build(
    rows: NamedQueries,
    project: SharedProject,
    units: list[Unit],
    zone: tzinfo | None,
    turns: int,
) -> Portion:
    """The rows of these units at the level of the project. `turns`: most turns of a session in its
    journal."""
    portion = Portion(units)
    wanted = {(unit.home, unit.session) for unit in units if unit.session}
    if wanted:
        ids = sorted({session for _, session in wanted})
        sessions: list[Session] = []
        if project.level.has_plan:
            found = rows.rows("team.sessions", sessions=ids)
            # Another home may have a copy of a session, which may be in another project.
            found = [row for row in found if (row["home"], row["id"]) in wanted]
            sessions = to_sessions(found, TIMELESS)
        _add_figures(portion, rows, project, wanted, sessions)
        if sessions:
            _add_journals(portion, rows, project, sessions, zone, turns)
            if project.level is Level.TEXT:
                _add_memories(portion, rows, project, sessions)
    if project.level.has_plan and any(not unit.session for unit in units):
        for row in rows.rows("team.tasks", project=project.id):
            _add_task(portion, project, row)
    return portion


def _add_figures(
    portion: Portion,
    rows: NamedQueries,
    project: SharedProject,
    wanted: set[tuple[str, str]],
    sessions: list[Session],
) -> None:
    """`sessions`: those that are sent with their titles."""
    ids = sorted({session for _, session in wanted})
    files = {
        row["id"]: (row["home"], row["session"])
        for row in rows.rows("team.sources", sessions=ids)
        if (row["home"], row["session"]) in wanted
    }
    took: dict[tuple[str, str], float] = {}
    for row in rows.rows("team.seconds", sources=list(files)):
        if row["seconds"] is not None:
            key = files[row["source"]]
            took[key] = took.get(key, 0.0) + row["seconds"]
    named = {(session.home_id, session.id): session for session in sessions}
    units = {key: unit_id(project.id, *key) for key in wanted}
    for row in rows.rows("team.figures", sessions=ids):
        key = (row.pop("home"), row.pop("id"))
        if key not in wanted:
            continue
        session = named.get(key)
        made = SessionRow(
            session=clean(key[1]),
            parent=clean_if_any(row.pop("parent_id")),
            state=row.pop("turn_state"),
            waits=row.pop("waits_for_user"),
            model=name_if_any(row.pop("model")),
            cli_version=name_if_any(row.pop("cli_version")),
            seconds=took.get(key),
            title=clean_if_any(session.title) if session else None,
            branch=clean_if_any(session.branch) if session else None,
            **row,
        )
        portion.add(units[key], made.started_at, key, made)
    for used, spent in _usage(rows, files).items():
        home, id_, day, model = used
        began = datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001 - naive UTC
        used_row = UsageRow(session=clean(id_), day=day, model=name_if_any(model), **spent)
        portion.add(units[home, id_], began, used, used_row)


def _usage(
    rows: NamedQueries, files: dict[int, tuple[str, str]]
) -> dict[tuple[str, str, date | None, str | None], dict[str, int]]:
    """Tokens by home, session, day and model. A session may consist of several files."""
    spent: dict[tuple[str, str, date | None, str | None], dict[str, int]] = {}
    for row in rows.rows("team.usage", sources=list(files)):
        key = (*files[row.pop("source")], row.pop("day"), row.pop("model"))
        old = spent.get(key)
        spent[key] = row if old is None else {name: row[name] + old[name] for name in row}
    return spent


def _add_journals(
    portion: Portion,
    rows: NamedQueries,
    project: SharedProject,
    sessions: list[Session],
    zone: tzinfo | None,
    turns: int,
) -> None:
    for session, journal in journals_of(rows, sessions, journal_rules(zone, turns)):
        # Without the comment for programs, which names files of Codex.
        blocks = [block for block in page(journal, zone) if not isinstance(block, Comment)]
        began = session.started_at
        row = JournalRow(
            session=clean(session.id),
            day=began.date() if began else None,
            at=session.last_at,
            title=clean(journal.title),
            text=clean(markdown(blocks)),
        )
        unit = unit_id(project.id, session.home_id, session.id)
        portion.add(unit, began, (session.home_id, session.id), row)


def _add_task(portion: Portion, project: SharedProject, row: Row) -> None:
    id_, began = row.pop("id"), row["started_at"]
    texts: Row = {name: clean_if_any(row[name]) for name in ("text", "session", "branch", "owner")}
    made = TaskRow(task=clean(id_), **{**row, **texts})
    portion.add(unit_id(project.id, "", ""), began, (project.id, id_), made)


def _add_memories(
    portion: Portion, rows: NamedQueries, project: SharedProject, sessions: list[Session]
) -> None:
    repo = project.id if is_remote(project.id) else None
    ids = [session.id for session in sessions]
    languages = {
        (row["home"], row["session"]): row["language"]
        for row in rows.rows("team.languages", sessions=ids)
    }
    logs = list(load_logs(rows, sessions, _TURNS))
    sources = [file.source for log in logs for file in log.files]
    outputs = {
        (row["source"], row["byte"]): _output(row)
        for row in rows.rows("team.outputs", sources=sources)
    }
    for log in logs:
        key = (log.session.home_id, log.session.id)
        for turn, row in _turns(log, outputs, repo, languages.get(key)):
            portion.add(unit_id(project.id, *key), turn.started_at, (*key, turn.n), row)


def _turns(
    log: SessionLog,
    outputs: dict[tuple[int, int], str],
    repo: str | None,
    language: str | None,
) -> Iterator[tuple[SessionTurn, MemoryRow]]:
    session = log.session
    for turn in log.turns:
        if turn.rolled_back:
            continue
        artifacts = _Artifacts()
        for message in turn.messages:
            artifacts.add_message(at=message.at, role=message.role, text=clean(message.text))
        for each in turn.commands:
            if not each.own:
                artifacts.add_command(
                    at=each.at,
                    command=clean(each.command or ""),
                    status=each.status,
                    exit_code=each.exit_code,
                    seconds=each.seconds,
                    output=outputs.get((each.source, each.byte)),
                )
        files = [
            {"path": clean(_inside(each.path, session.cwd)), "change": each.change}
            for each in turn.changes
        ]
        yield (
            turn,
            MemoryRow(
                session=clean(session.id),
                task=clean_if_any(session.title),
                repo=clean_if_any(repo),
                language=language,
                goal=clean_if_any("\n\n".join(turn.prompts)),
                model=name_if_any(turn.model),
                mode=name_if_any(turn.trigger),
                status=turn.state,
                created_at=turn.started_at,
                artifacts=_json(artifacts),
                files=_json(files),
                summary=clean_if_any(turn.answer),
            ),
        )


class _Artifacts(Struct):
    messages: list[dict[str, object]] = field(default_factory=list)
    commands: list[dict[str, object]] = field(default_factory=list)
    left_out: int = 0
    """How many messages and commands are beyond the limit."""
    bytes: int = 0

    def add_message(self, **values: object) -> None:
        self._add(self.messages, values)

    def add_command(self, **values: object) -> None:
        self._add(self.commands, values)

    def _add(self, to: list[dict[str, object]], values: dict[str, object]) -> None:
        size = len(msgspec.json.encode(values))
        if self.bytes + size <= _ARTIFACT_BYTES:
            self.bytes += size
            to.append(values)
        else:
            self.left_out += 1


def _output(row: Row) -> str:
    parts: list[Any] = [row["output_head"], row["output_tail"]]
    return clean("\n…\n".join(part for part in parts if part))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _inside(path: str, folder: str | None) -> str:
    """A path relative to the folder of the session, if it is in there."""
    if folder and PurePosixPath(path).is_relative_to(folder):
        return str(PurePosixPath(path).relative_to(folder))
    return path
