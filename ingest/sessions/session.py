"""A session with its stored fields and its current state."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import pairwise, takewhile
from typing import Literal

from msgspec import Struct

from ingest.codex.liveness import Judgement, OpenCall, SessionState, WaitsFor, judge
from ingest.codex.request_text import title_in
from ingest.db.query_reader import NamedQueries, Row
from ingest.live.codex_databases import ThreadTitle
from ingest.live.home import Live, of
from ingest.live.locks import Writer
from ingest.sessions.limits import WARN_PERCENT
from ingest.sessions.questions import question_text
from ingest.sessions.scope import Now, Scope
from ingest.text.redact import mask

TITLE_CHARS = 200
UNTITLED = "(no prompt)"
"""Shown for a session without a title."""
ID_CHARS = 8
"""Shortest id prefix to show."""


class Tokens(Struct, frozen=True):
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0


class Context(Struct, frozen=True):
    """How many tokens of the model's context window the newest response used."""

    used: int
    window: int

    @property
    def percent(self) -> float:
        return 100 * self.used / self.window

    @property
    def is_nearly_full(self) -> bool:
        return self.percent >= WARN_PERCENT


class Session(Struct, frozen=True, kw_only=True):
    """The fields of `sessions --json`, in their order."""

    id: str
    parent_id: str | None
    root_id: str
    forked_from: str | None
    title: str | None
    project: str
    """Its label: no other project has it."""
    cwd: str | None
    branch: str | None
    """The branch it began on, unless a person moved it to another one."""
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
    """URL of the remote."""
    began_on: str | None
    """The branch that Codex recorded; `branch` differs if a person moved the session."""
    project_id: str
    context: Context | None = None
    open_call: OpenCall | None = None
    """The newest call of an open turn that has not ended: what runs, or the question that waits."""
    waiting_for: WaitsFor | None = None
    queued: int = 0
    """Messages that wait in Codex to be sent."""
    pinned: bool = False
    """Whether it is pinned in Codex."""
    title_from: Literal["files", "codex"] = "files"
    """`codex`: the files have no title, or only the first request, so this is from its own list."""

    def works_until(self, moment: datetime) -> datetime | None:
        """Until when a step that is in progress at this moment has been worked on."""
        return moment if self.state is SessionState.RUNNING else self.last_at

    @property
    def state_text(self) -> str:
        """The state in words: `waiting for approval`."""
        return f"{self.state} for {self.waiting_for}" if self.waiting_for else str(self.state)


def session_elsewhere(
    id_: str,
    project: str,
    branch: str | None,
    started_at: datetime | None,
    last_at: datetime | None,
) -> Session:
    """A session of another machine, of which only a state file speaks."""
    return Session(
        id=id_,
        parent_id=None,
        root_id=id_,
        forked_from=None,
        title=None,
        project=project,
        cwd=None,
        branch=branch,
        commit=None,
        state=SessionState.UNKNOWN,
        state_reason="It is not on this machine.",
        started_at=started_at,
        last_at=last_at,
        turns=0,
        commands=0,
        failed_commands=0,
        plan_total=0,
        plan_done=0,
        tokens=Tokens(),
        model=None,
        cli_version=None,
        source=None,
        archived=False,
        nickname=None,
        role=None,
        path="",
        home="",
        home_id="",
        repository=None,
        began_on=branch,
        project_id="",
    )


def list_sessions(access: NamedQueries, scope: Scope, now: Now) -> list[Session]:
    """The sessions in this scope, most recently active first."""
    rows = access.rows(
        "sessions.listed",
        project=scope.project,
        folder=scope.folder,
        branch=scope.branch,
        session=scope.session,
        since=scope.since,
        until=scope.until,
        limit=scope.limit,
        offset=scope.offset,
    )
    return to_sessions(rows, now)


def sessions_of_sources(
    access: NamedQueries, sources: Collection[int], now: Now
) -> dict[int, Session]:
    """The sessions whose newest source is one of these, by it."""
    rows = access.rows("sessions.of_sources", sources=sorted(sources))
    return {
        row["source"]: make_session(row, judged, live)
        for row, judged, live in with_states(rows, now)
    }


def unfinished_sessions(access: NamedQueries, now: Now) -> list[Session]:
    """Recently active sessions whose last turn is open or failed."""
    return [
        session
        for session in to_sessions(access.rows("sessions.unfinished"), now)
        if is_recent(session, now)
    ]


def is_recent(session: Session, now: Now) -> bool:
    """Whether the session was active within `idle_after`."""
    return session.last_at is None or now.moment - session.last_at <= now.idle_after


def to_sessions(rows: Iterable[Row], now: Now) -> list[Session]:
    return [make_session(row, judged, live) for row, judged, live in with_states(rows, now)]


def _open_call(row: Row) -> OpenCall | None:
    if not row["open_calls"]:
        return None
    return OpenCall(row["open_tool"], _open_call_text(row), row["open_since"])


def with_states(rows: Iterable[Row], now: Now) -> Iterator[tuple[Row, Judgement, Live]]:
    """Rows of sessions, each with its current state and what is live in its home."""
    lives: dict[str, Live] = {}
    for row in rows:
        home, id_ = row["home_path"] or "", row["id"]
        if home not in lives:
            counts = bool(home) and now.live
            lives[home] = of(home).now(ask=now.asks_daemon) if counts else Live()
        writer = lives[home].writers.get(id_, Writer.UNKNOWN)
        judged = judge(
            row["turn_state"],
            row["last_at"],
            _open_call(row),
            waits_for_user=row["waits_for_user"],
            live=lives[home].statuses.get(id_),
            writer_alive=None if writer is Writer.UNKNOWN else writer is Writer.ALIVE,
            now=now.moment,
            stalls_after=now.stalls_after,
            idle_after=now.idle_after,
        )
        yield row, judged, lives[home]


def make_session(row: Row, judged: Judgement, live: Live) -> Session:
    title = title_of(row["title"])
    from_codex = _title_in_codex(title, live.threads.titles.get(row["id"]))
    return Session(
        id=row["id"],
        parent_id=row["parent_id"],
        root_id=row["root_id"],
        forked_from=row["forked_from"],
        title=from_codex or title,
        title_from="codex" if from_codex else "files",
        project=row["project"],
        project_id=row["project_id"],
        cwd=row["cwd"],
        branch=row["branch"],
        commit=row["commit"],
        state=judged.state,
        state_reason=judged.reason,
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
        context=_context(row["context_used"], row["context_window"]),
        open_call=_open_call(row),
        waiting_for=judged.waits_for,
        queued=live.queued.get(row["id"], 0),
        pinned=row["id"] in live.threads.pinned,
    )


def _title_in_codex(title: str | None, listed: ThreadTitle | None) -> str | None:
    """Codex's own title of a session, if the files say less."""
    if listed is None or (title and not (listed.name and title == _shown(listed.first_message))):
        return None
    return _shown(listed.text)


def _shown(text: str) -> str | None:
    return title_of(mask(text))


def _context(used: int | None, window: int | None) -> Context | None:
    return Context(used, window) if used is not None and window else None


def title_of(text: str | None) -> str | None:
    """The first non-empty line of a request, truncated."""
    return title_in(text or "")[:TITLE_CHARS] or None


def label(session: Session) -> str:
    """The name of a session in a list."""
    name = session.title or session.nickname or UNTITLED
    return f"{session.nickname}: {name}" if session.nickname and session.title else name


def branch_label(session: Session) -> str:
    """The branch of a session; if a person moved it, also the one it began on."""
    if session.branch == session.began_on:
        return session.branch or ""
    return f"{session.branch} (began on {session.began_on or 'no branch'})"


def id_length(rows: NamedQueries, ids: Iterable[str]) -> int:
    """How many characters of an id are unambiguous among all sessions, so that commands accept what
    is shown."""
    beginnings = sorted({id_[:ID_CHARS] for id_ in ids})
    found = rows.rows("sessions.beginning_alike", beginnings=beginnings, length=ID_CHARS)
    return short_length(row["id"] for row in found)


def short_length(ids: Iterable[str], least: int = ID_CHARS) -> int:
    """How many characters distinguish these ids."""
    ordered = sorted(set(ids))
    return max(least, *(_difference(one, other) for one, other in pairwise(ordered)), 0)


def _difference(one: str, other: str) -> int:
    """The position, from 1, of the first character that differs."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in same) + 1


def _open_call_text(row: Row) -> str | None:
    """The running command, or the question that waits for an answer."""
    command: str | None = row["open_command"]
    return question_text(command) if row["waits_for_user"] else command
