"""The rows of the board: a head for each project, a line for each session, and below a running one
what it does now. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now
from ingest.sessions.session import UNTITLED, Context, Session, is_recent, label
from ingest.text.numbers import pluralize, tokens
from ingest.text.state_style import STATE_STYLES
from tui.widgets.column import Cell, ListRow, Styled, age_of
from tui.widgets.listing import Key

LIVE: Final = frozenset({SessionState.RUNNING, SessionState.WAITING, SessionState.STALLED})
COUNTED: Final = (
    SessionState.RUNNING, SessionState.WAITING, SessionState.STALLED, SessionState.FAILED
)  # fmt: skip
"""States that a head counts."""
LONG_AGO: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as the database stores it
PULSE_CELLS: Final = 12
"""Minutes of activity that are shown."""
_PULSE_LEVELS: Final = "▁▂▃▄▅▆▇█"
_BAR_WIDTH: Final = 4
_OPEN, _CLOSED = "▾ ", "▸ "
_NOW_INDENT: Final = "    "

Pulse = Sequence[int]
"""What a session did in each of the last minutes, the oldest first."""


def project_key(name: str) -> Key:
    return ("project", name)


def session_key(session: Session) -> Key:
    return (session.home_id, session.id)


def now_key(session: Session) -> Key:
    """Of the line below a running session. It begins with the key of the session."""
    return (session.home_id, session.id, "now")


def newest(sessions: Sequence[Session]) -> datetime | None:
    return max((each.last_at for each in sessions if each.last_at), default=None)


def project_row(name: str, sessions: Sequence[Session], *, collapsed: bool, now: Now) -> ListRow:
    branches = sorted({session.branch for session in sessions if session.branch})
    states = [each.state for each in sessions if is_recent(each, now)]
    counts = [
        Styled(f"  {STATE_STYLES[state].glyph} {states.count(state)}", STATE_STYLES[state].color)
        for state in COUNTED
        if state in states
    ]
    described = branches[0] if len(branches) == 1 else ""
    if collapsed:
        described = pluralize(len(sessions), "session")
    parts: tuple[Cell, ...] = (
        Styled(f"{_CLOSED if collapsed else _OPEN}", "dim"),
        Styled(name, "title"),
        Styled(f"  {described}" if described else "", "dim"),
        *counts,
    )
    cells = (parts, "", "", "", age_of(newest(sessions), now.moment) if collapsed else "")
    key = project_key(name)
    return ListRow(key, cells, text=name, id=name, collapsed=collapsed, spans=True)


def session_row(
    session: Session,
    indent: str,
    parent: Key,
    now: Now,
    collapsed: bool | None = None,
    agents: int = 0,
    *,
    project: str = "",
) -> ListRow:
    """A session that has ended is drawn dim; `project` is shown in a list without heads."""
    style = STATE_STYLES[session.state]
    nickname = session.nickname if session.nickname and indent.strip() else ""
    name = label(session) if not nickname else f"{session.title or ''}"
    ended = session.state not in COUNTED
    parts: tuple[Cell, ...] = (
        Styled(indent, "dim"),
        Styled(f"{style.glyph} ", style.color),
        Styled(f"▸{agents} " if collapsed else "", "dim"),
        Styled(f"{nickname}  " if nickname else "", "dim" if ended else "cyan"),
        Styled(name or UNTITLED, "dim" if ended else ""),
        Styled(f"  {session.queued} queued" if session.queued else "", "cyan"),
        Styled("  pinned" if session.pinned else "", "dim"),
        Styled(f"  {project}" if project else "", "dim"),
    )
    cells = (
        parts,
        plan_bar(session.plan_done, session.plan_total),
        _context(session.context) if session.state in LIVE else "",
        Styled(tokens(session.tokens.total), "dim" if ended else ""),
        age_of(session.last_at, now.moment),
    )
    text = f"{session.state_text}  {label(session)}  {session.project}"
    return ListRow(
        session_key(session), cells, text=text, id=session.id, parent=parent, collapsed=collapsed
    )


def now_row(session: Session, indent: str, pulse: Pulse, now: Now) -> ListRow:
    """What a running session does at this moment, for how long, and its last minutes; the state of
    one that no longer runs, as long as a list still has the line."""
    if session.state is not SessionState.RUNNING:
        state = Styled(f"{_NOW_INDENT}↳ {session.state_text}", "dim")
        ended = (state, "", "", "", age_of(session.last_at, now.moment))
        return ListRow(now_key(session), ended, id=session.id, parent=session_key(session))
    call = session.open_call
    doing = " ".join((call.command or call.tool or "").split()) if call else ""
    since = call.since if call else session.last_at
    parts: tuple[Cell, ...] = (
        Styled(f"{indent}{_NOW_INDENT[len(indent) :]}↳ now ", "dim"),
        Styled(f"{pulse_bar(pulse)} ", "green"),
        Styled(doing or "thinking", "cyan" if doing else "dim"),
    )
    cells = (parts, "", "", "", age_of(since, now.moment))
    key = now_key(session)
    parent = session_key(session)
    return ListRow(key, cells, text=doing, id=session.id, parent=parent, spans=True)


def search_text(session: Session, row: ListRow) -> str:
    """What a filter searches: the row, and what else describes the session."""
    words = (
        session.project, session.state, session.branch, session.model, session.nickname,
        session.role, session.title,
    )  # fmt: skip
    return " ".join(filter(None, (*words, row.visible_text())))


# ── parts of rows ─────────────────────────────────────────────────────────────────────────────────


def load_pulses(
    reader: QueryReader, sessions: Sequence[Session], moment: datetime
) -> Mapping[Key, Pulse]:
    """The pulses of these sessions."""
    pulses = {session_key(each): [0] * PULSE_CELLS for each in sessions}
    rows = reader.rows(
        "sessions.pulse",
        ids=[each.id for each in sessions],
        since=moment - timedelta(minutes=PULSE_CELLS),
        until=moment,
    )
    for row in rows:
        cells, minutes_ago = pulses.get((row["home"], row["id"])), row["minutes_ago"]
        if cells is not None and 0 <= minutes_ago < PULSE_CELLS:
            cells[PULSE_CELLS - 1 - minutes_ago] += row["events"]
    return pulses


def pulse_bar(pulse: Pulse) -> str:
    """The lowest block stands for nothing, so that a quiet minute is seen, too."""
    top = max(pulse, default=0)
    steps = len(_PULSE_LEVELS) - 1
    levels = (0 if not value else max(1, round(value / top * steps)) for value in pulse)
    return "".join(_PULSE_LEVELS[level] for level in levels)


def plan_bar(done: int, total: int) -> Cell | tuple[Cell, ...]:
    """The progress of a plan as a bar and numbers; empty if there is no plan."""
    if not total:
        return ""
    tone = "dim" if done == total else "green"
    return (Styled(bar(done, total), tone), Styled(f" {done}/{total}", "dim"))


def bar(part: int, total: int) -> str:
    """Neither empty once something is done, nor full before everything is."""
    begun, done = part > 0, part >= total
    full = _BAR_WIDTH if done else min(_BAR_WIDTH - 1, max(begun, _BAR_WIDTH * part // total))
    return "▰" * full + "▱" * (_BAR_WIDTH - full)


def _context(context: Context | None) -> Cell:
    """How full the context of a session is; empty if it is not known."""
    if context is None:
        return ""
    tone = "yellow" if context.is_nearly_full else "dim"
    return Styled(f"ctx {context.percent:.0f} %", tone)
