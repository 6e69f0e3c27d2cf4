"""The timeline of a session: every turn, message, call, file, plan and event in order.

Loaded in two steps, first the order of all items and then the content of the visible ones, so that
sessions of any length can be browsed. Raw lines are read again from Codex's file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from ingest.codex.codemode import call_in
from ingest.codex.facts import CallKind
from ingest.codex.request_text import letter_text
from ingest.codex.tools import SCRIPT_TOOL
from ingest.db.query_reader import NamedQueries, Query, Row
from ingest.errors import FileChanged
from ingest.sessions import raw_lines
from ingest.sessions.load import decode_steps
from ingest.sessions.model import patched_files
from ingest.sessions.questions import question_text
from ingest.sessions.session import ID_CHARS
from ingest.text.hashes import short_hash

OUTPUT_LINES: Final = 30
"""Most lines of a call's output that are listed as items."""
RAW_CHARS: Final = 200_000
_SHORT: Final = {
    **dict.fromkeys(("exec_command", "shell", "shell_command"), "run"),
    "apply_patch": "patch",
    "spawn_agent": "spawn",
    "request_user_input": "ask",
}
"""Short names of common tools; the full name is in the body."""


class Tools(StrEnum):
    """How much of tool calls is listed."""

    OFF = "off"
    SHORT = "short"
    FULL = "full"


class TimelineKind(StrEnum):
    TURN = "turn"
    MESSAGE = "message"
    CALL = "call"
    COMMIT = "commit"
    FILE = "file"
    PLAN = "plan"
    AGENT = "agent"
    EVENT = "event"


class TimelinePosition(NamedTuple):
    """Identifies a moment by its position; stable across queries."""

    source: int
    byte: int
    what: str
    n: int = 1
    """Counts items of the same kind in one line of the file."""
    part: int = 0
    """A line of a call's output; 0 is the call itself."""

    @property
    def whole(self) -> "TimelinePosition":
        """The item that it is a part of."""
        return self._replace(part=0) if self.part else self


class Moment(Struct, frozen=True):
    at: TimelinePosition
    time: datetime | None
    state: str
    """A key of `text.state_style`, or an empty string."""
    name: str
    """The speaker, or the kind of item."""
    head: str
    """One line."""
    body: str
    """The full stored text."""
    seconds: float | None = None
    length: int | None = None
    """Bytes of its line in the file, if known."""
    child: str = ""
    """The session of the sub-agent that it is about."""


class Order(NamedTuple):
    at: TimelinePosition
    text: str = ""
    """The full text, if it was requested."""
    time: datetime | None = None
    lines: int = 0
    """How many lines of a call's output are items of their own."""
    turn: int = 0
    """Number of the turn in this source."""
    kind: str = ""
    """The kind of a call."""
    until: int | None = None
    """The byte of the call's output."""
    scripted: bool = False
    """Whether the call has no id of its own, because a script made it."""


def load_order(
    rows: NamedQueries, home: str, session: str, tools: Tools, *, words: bool
) -> list[Order]:
    """The positions of all items in order; with their text if `words`, to search in."""
    found = rows.rows(
        "timeline.order",
        home=home,
        session=session,
        calls=tools is not Tools.OFF,
        output=OUTPUT_LINES if tools is Tools.FULL else 0,
        words=words,
    )
    return [
        Order(
            TimelinePosition(row["source"], row["byte"], row["what"], row["n"]),
            row["text"] or "", row["time"], row["lines"], row["turn"], row["kind"] or "",
            row["until"], row["scripted"],
        )
        for row in found
    ]  # fmt: skip


def load_reason(rows: NamedQueries, home: str, session: str) -> TimelinePosition | None:
    """The item from which the state of the session follows: what is open, or the last turn."""
    row = rows.first_row("timeline.reason", home=home, session=session)
    return None if row is None else TimelinePosition(row["source"], row["byte"], row["what"])


def load_moments(
    rows: NamedQueries, home: str, session: str, wanted: Sequence[TimelinePosition]
) -> dict[TimelinePosition, Moment]:
    """The content of these positions."""
    kinds = sorted({at.what for at in wanted})
    queries: list[Query] = [
        (
            f"timeline.{what}s",
            {
                "home": home,
                "session": session,
                "bytes": sorted({at.byte for at in wanted if at.what == what}),
            },
        )
        for what in kinds
    ]
    found: dict[TimelinePosition, Moment] = {}
    asked = [rows.rows(name, **values) for name, values in queries]
    for what, answered in zip(kinds, asked, strict=True):
        for at, row in _with_positions(TimelineKind(what), answered):
            found |= {one.at: one for one in _to_moments(at, row)}
    return {at: found[at] for at in wanted if at in found}


def _with_positions(
    what: TimelineKind, answered: Iterable[Row]
) -> Iterable[tuple[TimelinePosition, Row]]:
    """Each row with its position; `n` counts rows of the same line of the file."""
    placed: dict[TimelinePosition, Row] = {}
    for row in answered:
        at = TimelinePosition(row["source"], row["byte"], what)
        while at in placed:
            at = at._replace(n=at.n + 1)
        placed[at] = row
    return placed.items()


def _to_moments(at: TimelinePosition, row: Row) -> list[Moment]:
    match at.what:
        case TimelineKind.TURN:
            return [_turn(at, row)]
        case TimelineKind.MESSAGE:
            return [_message(at, row)]
        case TimelineKind.CALL:
            return _call(at, row)
        case TimelineKind.COMMIT:
            return [_commit(at, row)]
        case TimelineKind.FILE:
            moved = f" → {row['moved_to']}" if row["moved_to"] else ""
            body = f"{row['change']} {row['path']}{moved}"
            head = body.replace(f"{row['cwd']}/", "") if row["cwd"] else body
            return [Moment(at, row["time"], row["status"], "file", head, body)]
        case TimelineKind.PLAN:
            return [_plan(at, row)]
        case TimelineKind.AGENT:
            return [_agent(at, row)]
        case _:
            kind = row["kind"].replace("_", " ")
            body = "\n".join(part for part in (row["text"], row["detail"]) if part)
            short = row["text"] or row["detail"]
            head = f"{kind}: {short}" if short else kind
            return [Moment(at, row["time"], "", "event", head, body or kind, None, row["length"])]


def _turn(at: TimelinePosition, row: Row) -> Moment:
    state_text = row["state"].replace("_", " ")
    head = " · ".join(str(one) for one in (state_text, row["model"], row["error"]) if one)
    return Moment(
        at, row["time"], row["state"], f"Turn {row['n']}", head, row["error"] or head,
        row["seconds"], row["length"],
    )  # fmt: skip


def _message(at: TimelinePosition, row: Row) -> Moment:
    missing = row["chars"] - len(row["text"])
    text = letter_text(row["text"], row["task"]) if row["role"] == "agent" else row["text"]
    body = f"{text}\n\n({missing:,} more characters are in the raw line)" if missing > 0 else text
    role = str(row["role"])
    name = {"user": "you", "assistant": "codex"}.get(role, role)
    if row["phase"] in ("plan", "summary", "question"):
        name = f"{name}, {row['phase']}"
    return Moment(at, row["time"], "", name, text, body, None, row["length"])


def _call(at: TimelinePosition, row: Row) -> list[Moment]:
    asked = row["kind"] == CallKind.QUESTION
    command = question_text(row["command"]) if asked else row["command"] or ""
    code = row["exit_code"]
    ended = f"exit {code}" if code not in (None, 0) else ""
    output = row["output_head"] or ""
    shown = output.rstrip("\n").split("\n")
    tail = row["output_tail"] or ""
    between = (row["output_chars"] or 0) - len(output) - len(tail)
    if tail:
        output += f"\n… {between:,} more characters …\n{tail}" if between > 0 else tail
    tool, head = row["tool"] or "", ", ".join(patched_files(command)) or command
    if tool == SCRIPT_TOOL:
        tool, head = call_in(command) or (tool, head)
    head = head or str(row["kind"] or "").replace("_", " ")
    where = [f"in {row['workdir']}"] if row["workdir"] else []
    first = f"{row['tool']}  {row['status']}  {ended}".rstrip()
    body = "\n".join([first, *where, *([command] if command else []), "", output])
    name = "run" if row["kind"] == CallKind.COMMAND else _SHORT.get(tool, tool)
    first_moment = Moment(
        at, row["time"], row["status"], name, f"{head}  {ended}".rstrip(), body,
        row["seconds"], row["length"],
    )  # fmt: skip
    lines = [
        Moment(at._replace(part=n), None, "", "", text, body, None, row["length"])
        for n, text in enumerate(shown[:OUTPUT_LINES], 1)
    ]
    return [first_moment, *lines]


def _commit(at: TimelinePosition, row: Row) -> Moment:
    where, _, subject = row["line"].partition("]")
    head = f"{short_hash(where.split()[-1])} {subject.strip()}"
    return Moment(at, row["time"], "", "commit", head, row["output"], None, row["length"])


def _agent(at: TimelinePosition, row: Row) -> Moment:
    child = row["child"] or ""
    name = row["nickname"] or (row["path"] or "").rpartition("/")[2] or child[:ID_CHARS]
    about = "" if row["task"] == row["path"] else row["task"] or ""
    head = f"{name} {row['event'].replace('_', ' ')}" + (f": {about}" if about else "")
    body = "\n".join(part for part in (head, row["role"], f"session {child}" * bool(child)) if part)
    return Moment(at, row["time"], "", "agent", head, body, child=child)


def _plan(at: TimelinePosition, row: Row) -> Moment:
    steps = decode_steps(row["steps"])
    done = sum(1 for step in steps if step.status == "completed")
    head = f"revision {row['revision']}, "
    head += f"{done} of {len(steps)} done" if steps else "no steps"
    if row["explanation"]:
        head += f": {row['explanation']}"
    if not row["accepted"]:
        head += " (refused)"
    body = "\n".join([head, "", *(f"[{step.status}] {step.text}" for step in steps)])
    return Moment(at, row["time"], "", "plan", head, body)


def raw_line(rows: NamedQueries, at: TimelinePosition, length: int | None) -> str:
    """The raw line of Codex's file at this position, truncated."""
    place = rows.first_row("timeline.place", source=at.source)
    if place is None:
        raise FileChanged("The file of this line is no longer tracked.", "It was read before.")
    # A line of unknown length is read up to the most that is shown.
    end = at.byte + (length or RAW_CHARS)
    wanted = raw_lines.Range(place["path"], place["representation"], at.byte, end)
    text = ""
    for piece in raw_lines.masked_lines(wanted):
        text = piece
        break
    where = f"{place['path']}, byte {at.byte:,}"
    if len(text) > RAW_CHARS:
        text = f"{text[:RAW_CHARS]}…\n({len(text) - RAW_CHARS:,} more characters)"
    return f"{where}\n\n{text}"
