"""A session as people and programs see it: what is stored of it, and how it stands now."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise, takewhile

from msgspec import Struct

from ingest.codex.liveness import OpenCall, SessionState, state_of
from ingest.codex.request_text import title_in
from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.questions import question_text
from ingest.sessions.scope import Now, Scope
from ingest.tail.locks import locked_threads

TITLE_CHARS = 200
ID_CHARS = 8
"""Of an id, at least."""


class Tokens(Struct, frozen=True):
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0


class Session(Struct, frozen=True, kw_only=True):
    """The fields of `sessions --json`, in their order."""

    id: str
    parent_id: str | None
    root_id: str
    forked_from: str | None
    title: str | None
    project: str
    cwd: str | None
    branch: str | None
    """Where its work belongs."""
    commit: str | None
    state: SessionState
    state_reason: str
    started_at: datetime | None
    last_at: datetime | None
    turns: int
    commands: int
    failed_commands: int
    plan_total: int
    plan_done: int
    tokens: Tokens
    model: str | None
    cli_version: str | None
    source: str | None
    archived: bool
    nickname: str | None
    role: str | None
    path: str
    home: str
    home_id: str
    repository: str | None
    """Where it was cloned from."""
    began_on: str | None
    """The branch that Codex wrote down; `branch` is another one where a person moved it."""


def list_sessions(access: NamedQueries, scope: Scope, now: Now) -> list[Session]:
    """The sessions in this scope, the one that moved last first."""
    rows = access.rows(
        "sessions.listed",
        project=scope.project,
        branch=scope.branch,
        session=scope.session,
        since=scope.since,
        until=scope.until,
        limit=scope.limit,
        offset=scope.offset,
    )
    return to_sessions(rows, now)


def unfinished_sessions(access: NamedQueries, now: Now) -> list[Session]:
    """The sessions whose last turn is open or failed, as far as anything moved lately."""
    return [
        one for one in to_sessions(access.rows("sessions.unfinished"), now) if is_recent(one, now)
    ]


def is_recent(session: Session, now: Now) -> bool:
    """Whether a session is not left alone yet: how it stands may concern somebody."""
    return session.last_at is None or now.moment - session.last_at <= now.idle_after


def to_sessions(rows: Iterable[Row], now: Now) -> list[Session]:
    return [_session(row, state, reason) for row, state, reason in with_states(rows, now)]


def with_states(rows: Iterable[Row], now: Now) -> Iterator[tuple[Row, SessionState, str]]:
    """Rows of sessions, each with how it stands now and why."""
    locks: dict[str, frozenset[str] | None] = {}
    for row in rows:
        home = row["home_path"] or ""
        if home not in locks:
            locks[home] = locked_threads(home) if home else None
        held = locks[home]
        call = OpenCall(row["open_tool"], _open(row), row["open_since"])
        state, reason = state_of(
            row["turn_state"],
            row["last_at"],
            call if row["open_calls"] else None,
            waits_for_user=row["waits_for_user"],
            locked=None if held is None else row["id"] in held,
            now=now.moment,
            stalls_after=now.stalls_after,
            idle_after=now.idle_after,
        )
        yield row, state, reason


def _session(row: Row, state: SessionState, reason: str) -> Session:
    return Session(
        id=row["id"],
        parent_id=row["parent_id"],
        root_id=row["root_id"],
        forked_from=row["forked_from"],
        title=title_of(row["title"]),
        project=row["project"],
        cwd=row["cwd"],
        branch=row["branch"],
        commit=row["commit"],
        state=state,
        state_reason=reason,
        started_at=row["started_at"],
        last_at=row["last_at"],
        turns=row["turns"],
        commands=row["commands"],
        failed_commands=row["failed_commands"],
        plan_total=row["plan_total"],
        plan_done=row["plan_done"],
        tokens=Tokens(*(row[name] for name in Tokens.__struct_fields__)),
        model=row["model"],
        cli_version=row["cli_version"],
        source=row["origin"],
        archived=row["archived"],
        nickname=row["nickname"],
        role=row["role"],
        path=row["path"],
        home=row["home_path"] or "",
        home_id=row["home"],
        repository=row["repository"],
        began_on=row["began_on"],
    )


def title_of(text: str | None) -> str | None:
    """The first line of a request that says something, cut."""
    return title_in(text or "")[:TITLE_CHARS] or None


def label(session: Session) -> str:
    """What a session is called in a list."""
    name = session.title or session.nickname or "(no prompt)"
    return f"{session.nickname}: {name}" if session.nickname and session.title else name


def branch_label(session: Session) -> str:
    """The branch of a session; where a person moved it, also the one it began on."""
    if session.branch == session.began_on:
        return session.branch or ""
    return f"{session.branch} (began on {session.began_on or 'no branch'})"


def id_length(rows: NamedQueries, ids: Iterable[str]) -> int:
    """How many characters tell these sessions apart from all there are: what is shown of an id can
    be asked for."""
    beginnings = sorted({id_[:ID_CHARS] for id_ in ids})
    found = rows.rows("sessions.beginning_alike", beginnings=beginnings, length=ID_CHARS)
    return short_length(row["id"] for row in found)


def short_length(ids: Iterable[str], least: int = ID_CHARS) -> int:
    """How many characters tell these ids apart."""
    ordered = sorted(set(ids))
    return max(least, *(_difference(one, other) for one, other in pairwise(ordered)), 0)


def _difference(one: str, other: str) -> int:
    """The place, from 1, of the first character that differs."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in same) + 1


def _open(row: Row) -> str | None:
    """What runs; where it is a question to a person, what is asked."""
    command: str | None = row["open_command"]
    return question_text(command) if row["waits_for_user"] else command
