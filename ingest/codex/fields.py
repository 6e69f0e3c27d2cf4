"""Prepares all values for the database: masks secrets and private text, truncates, checks types.

All text is stored through `stored_text` or `head_and_tail`.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from ingest.text.redact import mask, may_be_unbounded, needs_masking

MESSAGE_CHARS = 32_768
COMMAND_CHARS = 4_096
TITLE_CHARS = 500
"""Longer than any title shown, and small enough for the stored state."""
HEAD_CHARS = 400
TAIL_CHARS = 800
MARGIN_CHARS = 512
"""Secrets are searched for in this margin around the stored parts; for the tail, from the start of
the word there, because a token may be longer than the margin."""
SHORT_CHARS = 64
LONG_CHARS = 6 * MARGIN_CHARS
MAX_NUMBER = 2**53
"""Numbers from here on are stored as null: no real count is that large."""

_string = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder()


_masked = lru_cache(4_096)(mask)
"""Short texts are often repeated: names, directories, states, the steps of a plan."""


def stored_text(text: str, cap: int = MESSAGE_CHARS) -> str:
    """`text` masked and truncated to `cap` characters."""
    text = _masked(text) if len(text) <= SHORT_CHARS else mask(text)
    return text if len(text) <= cap else text[:cap]


def head_and_tail(text: str) -> tuple[str, str | None]:
    """Head and tail of an output; the tail is None if the head is the whole text."""
    if len(text) <= LONG_CHARS or may_be_unbounded(text) or _edges_have_secrets(text):
        text = mask(text)
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text, None
    return text[:HEAD_CHARS], text[-TAIL_CHARS:]


def _edges_have_secrets(text: str) -> bool:
    """Whether a part of a secret could be in the stored head or tail."""
    edge = len(text) - TAIL_CHARS - MARGIN_CHARS
    begin = max(text.rfind("\n", 0, edge), text.rfind(" ", 0, edge)) + 1
    head, tail = text[: HEAD_CHARS + MARGIN_CHARS], text[begin:]
    return needs_masking(head) or needs_masking(tail)


def optional_text(value: object, cap: int = COMMAND_CHARS) -> str | None:
    """A short text to store, or None if the value is not a string."""
    if not value or not isinstance(value, str):
        return None
    return stored_text(value, cap)


def safe_int(value: object) -> int | None:
    """A count that can be stored, or None if the value is not a number in range."""
    if not isinstance(value, int | float) or not abs(value) < MAX_NUMBER:
        return None
    return int(value)


def duration(value: object, a_second: int = 1) -> float | None:
    """A duration in seconds, or None if it is invalid: a clock may be set back."""
    if not isinstance(value, int | float) or not 0 <= value < MAX_NUMBER:
        return None
    return value / a_second


def compact_json(value: object, cap: int = COMMAND_CHARS) -> str | None:
    """A small JSON value as text: a policy, a target, a query."""
    if value is None or isinstance(value, str):
        return optional_text(value, cap)
    try:
        return stored_text(msgspec.json.encode(value).decode(), cap)
    except RecursionError:
        return None


def string(raw: Raw) -> str | None:
    """The value of a JSON string, or None if it is not one."""
    try:
        return _string.decode(raw)
    except msgspec.DecodeError:
        return None


def parsed_json(raw: Raw) -> Any:
    """Any JSON value; None if it is missing or nested too deeply."""
    try:
        return _anything.decode(raw)
    except RecursionError:
        return None


def content_text(raw: Raw) -> str:
    """The text of a `content` or `output`: a string, or the texts of a list of parts."""
    return "\n".join(text_parts(raw))


def text_parts(raw: Raw) -> list[str]:
    """The texts of a `content` or `output`, one per part."""
    content = parsed_json(raw)
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return [text for text in texts if isinstance(text, str)]


def iso_time(seconds: float | None) -> str | None:
    """Unix seconds as ISO text, as in rollouts; None if out of range."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    except (ValueError, OverflowError, OSError):
        return None


def parsed_time(at: str | None) -> float | None:
    """ISO text as Unix seconds; None if it is invalid."""
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
