"""Builders of single lines, and the facts folded from them."""

import json
from collections.abc import Iterable
from typing import Any

from ingest.codex.fold import Fold, FoldResult
from ingest.codex.state import FoldState

THREAD = "01a1fd2a-283f-7362-bf5b-9e48794c5343"
START = "2026-11-21T08:00:00.000Z"


def line(kind: str, payload: dict[str, Any], at: str = START, **more: Any) -> bytes:
    whole = {"timestamp": at, **more, "type": kind, "payload": payload}
    return json.dumps(whole, separators=(",", ":")).encode()


def meta(thread: str = THREAD, **more: Any) -> bytes:
    return line("session_meta", {"id": thread, "timestamp": START, "cwd": "/w", **more})


def event(name: str, at: str = START, **fields: Any) -> bytes:
    return line("event_msg", {"type": name, **fields}, at)


def item(kind: str, at: str = START, **fields: Any) -> bytes:
    return line("response_item", {"type": kind, **fields}, at)


def done(turn: str | None, item_type: str, thread: str = THREAD, **fields: Any) -> bytes:
    """A turn item of a paginated file."""
    item_fields = {"type": item_type, **fields}
    return event("item_completed", thread_id=thread, turn_id=turn, item=item_fields)


def call(name: str, call_id: str, **arguments: Any) -> bytes:
    return item("function_call", name=name, arguments=json.dumps(arguments), call_id=call_id)


def output(call_id: str, text: Any) -> bytes:
    return item("function_call_output", call_id=call_id, output=text)


def fold(
    *lines: bytes, state: FoldState | None = None, faults: dict[int, str] | None = None
) -> FoldResult:
    """The facts of these lines."""
    folding = Fold(1, THREAD, state, faults)
    folding.feed(0, joined(lines))
    return folding.finish()


def joined(lines: Iterable[bytes]) -> bytes:
    """These lines as the content of a file."""
    return b"".join(one + b"\n" for one in lines)


def turns(*lines: bytes) -> list[tuple[str | None, str]]:
    return [(turn.turn_id, str(turn.state)) for turn in fold(*lines).facts.turns]
