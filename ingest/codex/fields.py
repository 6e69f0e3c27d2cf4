"""The one place that all text passes on its way into the database.

It is where text is made storable and cut to what is kept, and where private text and secrets are
masked: whoever stores text calls `keep` or `clip`, so there is one thing to change and to trust.
"""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from ingest.text.redact import mask, may_be_unbounded, needs_masking

MESSAGE_CHARS = 32_768
COMMAND_CHARS = 4_096
TITLE_CHARS = 500
"""More of the first prompt than anybody shows as a title, and little beside the cursor."""
HEAD_CHARS = 400
TAIL_CHARS = 800
MARGIN_CHARS = 512
"""So far around what is kept any secret is looked for; one in the tail, from the begin of
the word that stands there: a token may be longer."""
SHORT_CHARS = 64
LONG_CHARS = 6 * MARGIN_CHARS
MAX_NUMBER = 2**53
"""Numbers from here on are no counts of anything: they are left out."""

_string = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder()


_masked = lru_cache(4_096)(mask)
"""Short texts come again and again: names, folders, states, the steps of a plan."""


def stored_text(text: str, cap: int = MESSAGE_CHARS) -> str:
    """`text` as it is stored: masked, and whole up to `cap` characters."""
    text = _masked(text) if len(text) <= SHORT_CHARS else mask(text)
    return text if len(text) <= cap else text[:cap]


def head_and_tail(text: str) -> tuple[str, str | None]:
    """Head and tail of a long output; the tail is None where the head is all of it."""
    if len(text) <= LONG_CHARS or may_be_unbounded(text) or _has_secrets(text):
        text = mask(text)
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text, None
    return text[:HEAD_CHARS], text[-TAIL_CHARS:]


def _has_secrets(text: str) -> bool:
    """Whether any secret begins or ends so near to what is kept that a part of it could be seen."""
    edge = len(text) - TAIL_CHARS - MARGIN_CHARS
    begin = max(text.rfind("\n", 0, edge), text.rfind(" ", 0, edge)) + 1
    head, tail = text[: HEAD_CHARS + MARGIN_CHARS], text[begin:]
    return needs_masking(head) or needs_masking(tail)


def optional_text(value: object, cap: int = COMMAND_CHARS) -> str | None:
    """A short text of a field that should be a string, or None where it is not."""
    if not value or not isinstance(value, str):
        return None
    return stored_text(value, cap)


def safe_int(value: object) -> int | None:
    """A count that can be stored, or None where it is none."""
    if not isinstance(value, int | float) or not abs(value) < MAX_NUMBER:
        return None
    return int(value)


def duration(value: object, a_second: int = 1) -> float | None:
    """How many seconds something took, or None where that cannot be: a clock may be set back."""
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
    """The text of a field that should be a JSON string, or None where it is not."""
    try:
        return _string.decode(raw)
    except msgspec.DecodeError:
        return None


def parsed_json(raw: Raw) -> Any:
    """Any JSON value; None where the field is missing, or nested deeper than anything real."""
    try:
        return _anything.decode(raw)
    except RecursionError:
        return None


def content_text(raw: Raw) -> str:
    """What a `content` or an `output` says: a string, or the texts of a list of parts."""
    return "\n".join(text_parts(raw))


def text_parts(raw: Raw) -> list[str]:
    """The same, part by part."""
    content = parsed_json(raw)
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return [text for text in texts if isinstance(text, str)]
