"""One item by the id that a search, a list of tasks or a brief shows: `tailboard get`.

`SESSION@BYTE` is what a line of the session's file holds, `SESSION` a session, everything else a
task. Any unique beginning of the id of a session or task will do. An item is masked as a whole
before parts of it are taken.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.cli.invocation import Invocation
from ingest.cli.scope import session_id
from ingest.cli.task_listing import find_task
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects.safe_export import masked
from ingest.sessions.load import load_log
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, id_length, label, list_sessions
from ingest.sessions.timeline import (
    Moment,
    Order,
    TimelineKind,
    TimelinePosition,
    Tools,
    load_moments,
    load_order,
)
from ingest.text.numbers import pluralize
from ingest.text.sanitize import one_line, safe_text, truncate_chars

HINT: Final = "`tailboard search`, `tasks list` and `resume --json` show ids."
_LINE_CHARS: Final = 160


class ItemSource(Struct, frozen=True):
    path: str
    offset: int


class Neighbour(Struct, frozen=True):
    id: str
    kind: str
    text: str
    """One line."""


class Item(Struct, frozen=True, kw_only=True):
    """The fields of `get --json`, in their order."""

    id: str
    kind: str
    text: str
    session: str | None
    project: str | None
    at: datetime | None
    source: ItemSource | None
    around: list[Neighbour] = []
    """What comes before and after it in its session."""


def find_item(invocation: Invocation, access: QueryReader, id_: str, around: int = 0) -> Item:
    prefix, at, byte = id_.strip().strip("`").partition("@")
    if at:
        if not byte.isdecimal() or len(byte) > 18:
            raise NotFound(f"{id_!r} is not an id: a number has to follow the @.", HINT)
        return _item_at(invocation, access, prefix, int(byte), around)
    if access.rows("sessions.starting_with", prefix=prefix.lower()) and prefix:
        return _session_item(invocation, access, session_id(access, prefix))
    _, task = find_task(invocation, access, prefix)
    lines = [
        task.text,
        f"State: {task.state}" + (f" (log: {task.derived_state})" if task.edited else ""),
        *(f"Done: {task.where}" for _ in [1] if task.where),
        *(f"Waits for: {other}" for other in task.blocked_by),
        *(f"Evidence: {one.kind} {one.ref} ({one.by})" for one in task.evidence),
        *(f"Note: {note}" for note in task.notes),
        *(f"Listed in session {one}" for one in dict.fromkeys(task.sessions)),
    ]
    return Item(
        id=task.id,
        kind=f"task ({task.origin})",
        text=_clean("\n".join(lines)),
        session=task.session,
        project=task.project,
        at=task.ended_at or task.started_at,
        source=None,
    )


def _item_at(
    invocation: Invocation, access: QueryReader, prefix: str, byte: int, around: int
) -> Item:
    prompt = access.first_row("timeline.prompt", prefix=prefix.lower(), byte=byte)
    if prompt is not None:
        return Item(
            id=f"{prompt['session']}@{byte}",
            kind="prompt",
            text=_clean(prompt["text"]),
            session=prompt["session"],
            project=None,
            at=prompt["time"],
            source=ItemSource(prompt["path"], byte),
        )
    session = _session(invocation, access, session_id(access, prefix))
    order = load_order(access, session.home_id, session.id, Tools.SHORT, words=False)
    first = next((i for i, one in enumerate(order) if one.at.byte == byte), None)
    if first is None:
        raise NotFound(f"Nothing of session {session.id} is at byte {byte}.", HINT)
    source = order[first].at.source
    last = first
    while last + 1 < len(order) and _line(order[last + 1]) == (source, byte):
        last += 1
    wanted = [one.at for one in order[max(0, first - around) : last + 1 + around]]
    moments = load_moments(access, session.home_id, session.id, wanted)
    digits = id_length(access, [session.id])
    here = [moment for at, moment in moments.items() if (at.source, at.byte) == (source, byte)]
    # The beginning of a turn has the line of its first message.
    here = [one for one in here if one.at.what != TimelineKind.TURN] or here
    beside = [one for at, one in moments.items() if (at.source, at.byte) != (source, byte)]
    place = access.first_row("timeline.place", source=source)
    return Item(
        id=f"{session.id[:digits]}@{byte}",
        kind=", ".join(dict.fromkeys(_kind(one) for one in here)),
        text=_clean("\n\n".join(one.body for one in here)),
        session=session.id,
        project=session.project,
        at=next((one.time for one in here if one.time), None),
        source=ItemSource(place["path"], byte) if place else None,
        around=[
            Neighbour(
                f"{session.id[:digits]}@{one.at.byte}",
                _kind(one),
                truncate_chars(masked(one_line(one.head)), _LINE_CHARS),
            )
            for one in beside
        ],
    )


def _line(order: Order) -> tuple[int, int]:
    at: TimelinePosition = order.at
    return at.source, at.byte


def _kind(moment: Moment) -> str:
    return moment.name if moment.at.what == TimelineKind.MESSAGE else str(moment.at.what)


def _session(invocation: Invocation, access: QueryReader, key: str) -> Session:
    return list_sessions(access, Scope(session=key), invocation.judged)[0]


def _session_item(invocation: Invocation, access: QueryReader, key: str) -> Item:
    """A session: what it was asked first, and what it answered last."""
    session = _session(invocation, access, key)
    log = load_log(access, session)
    prompts = [text for turn in log.turns for text in turn.prompts if text]
    answers = [turn.answer for turn in log.turns if turn.answer]
    parts = [
        f"{label(session)} ({session.state}, {pluralize(session.turns, 'turn')})",
        *(f"Asked first: {prompt}" for prompt in prompts[:1]),
        *(f"Asked last: {prompt}" for prompt in prompts[1:][-1:]),
        *(f"Answered last: {answer}" for answer in answers[-1:]),
    ]
    file = log.files[0] if log.files else None
    return Item(
        id=session.id,
        kind="session",
        text=_clean("\n\n".join(parts)),
        session=session.id,
        project=session.project,
        at=session.last_at,
        source=ItemSource(file.path, 0) if file else None,
    )


def _clean(text: str) -> str:
    return safe_text(masked(text))
