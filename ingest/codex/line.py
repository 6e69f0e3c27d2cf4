"""Decodes one line into one record, or finds the reason why it cannot be decoded.

`decode` is the fast path. `diagnose` handles the lines it refuses: unusual but valid ones (an
unknown kind, a lone surrogate, NaN), and broken ones that contain a record (a torn write followed
by its repetition, a run of NULs after a crash).
"""

import json
import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ingest.codex import records as r
from ingest.codex.fields import stored_text
from ingest.codex.value_limit import has_too_many_values

decode = msgspec.json.Decoder(r.Line).decode

RECORD_START = re.compile(rb'\{"(?:timestamp|id|type|record_type)":"')
_MAX_RESYNCS = 8
_MAX_REPAIR_BYTES = 8 * 1024**2
"""Longer lines are not repaired: that takes several times their length in memory."""


class Decoded(Struct):
    record: object
    lossy: bool = False
    """A part that cannot be stored (a lone surrogate, NaN) was replaced."""


class Unknown(Struct):
    """Valid JSON of an unknown kind, or of a known kind in an unknown shape."""

    kind: str
    at: str | None = None


class Broken(Struct):
    """`length` undecodable bytes from `start` on, and what the rest of the line holds."""

    reason: str
    message: str
    start: int
    length: int
    rest: "Decoded | Unknown | None" = None


class _AnyLine(Struct):
    type: Any = None
    timestamp: Any = None
    payload: Raw = r.NOTHING
    record_type: Any = None
    id: Any = None


class _AnyPayload(Struct):
    type: Any = None
    item: Any = None


_any_line = msgspec.json.Decoder(_AnyLine)
_any_payload = msgspec.json.Decoder(_AnyPayload)
_header = msgspec.json.Decoder(r.BareHeader)

TOO_MANY = "too many JSON values, which would take too much memory"
TOO_DEEP = "JSON nested too deeply"


def diagnose(raw: bytes) -> Decoded | Unknown | Broken:
    """Classify a line that did not decode as a known record, or has too many values."""
    if has_too_many_values(raw):
        return Broken("too_many_values", TOO_MANY, 0, len(raw))
    body = raw.strip(b"\x00")
    nuls = len(raw) - len(body)
    if not body:
        return Broken("nul", "a run of NUL bytes, usually left by a crash", 0, nuls)
    whole = _decode_body(body.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(whole, Broken):
        if not nuls:
            return whole
        start = 0 if raw[0] == 0 else len(body)
        return Broken("nul", "a run of NUL bytes beside a record", start, nuls, whole)
    for count, record_start in enumerate(RECORD_START.finditer(raw, 1)):
        if count == _MAX_RESYNCS:
            break
        rest = _decode_body(raw[record_start.start() :].rstrip(b"\x00"))
        if not isinstance(rest, Broken):
            message = "an incomplete write, followed by a record on the same line"
            return Broken("torn", message, 0, record_start.start(), rest)
    return Broken(whole.reason, whole.message, 0, len(raw))


def _decode_body(body: bytes) -> Decoded | Unknown | Broken:
    """Decode `body` as one record: strictly first, then leniently."""
    try:
        return Decoded(decode(body))
    except msgspec.ValidationError:
        return _decode_unusual(body)
    except RecursionError:
        return Broken("too_deep", TOO_DEEP, 0, len(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decode_repaired(body, str(error))


def _decode_unusual(body: bytes) -> Decoded | Unknown | Broken:
    """Decode valid JSON that is not a known line: a header of G1, another kind or shape."""
    try:
        line = _any_line.decode(body)
    except msgspec.ValidationError:
        return Broken("not_object", "JSON, but not an object", 0, len(body))
    except RecursionError:
        return Broken("too_deep", TOO_DEEP, 0, len(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The decoder found the wrong shape before the syntax error.
        return _decode_repaired(body, str(error))
    if line.record_type is not None:
        return Decoded(r.BareState(str(line.record_type)))
    if line.type is None and isinstance(line.timestamp, str):
        try:
            return Decoded(_header.decode(body))
        except msgspec.ValidationError:
            return Unknown("no type", line.timestamp)
    at = line.timestamp if isinstance(line.timestamp, str) else None
    return Unknown(_kind_of(line), at)


def _kind_of(line: _AnyLine) -> str:
    """The types of line, payload and item, as far as they exist."""
    parts = [line.type]
    try:
        payload = _any_payload.decode(line.payload)
    except (msgspec.DecodeError, RecursionError):
        return _join_kind(parts)
    parts.append(payload.type)
    if isinstance(payload.item, dict):
        parts.append(payload.item.get("type"))
    return _join_kind(parts)


def _join_kind(parts: list[Any]) -> str:
    return "/".join(stored_text(part, 64) for part in parts if isinstance(part, str)) or "no type"


def _decode_repaired(body: bytes, error: str) -> Decoded | Unknown | Broken:
    """Decode almost valid JSON: with lone surrogates, NaN, or invalid UTF-8."""
    try:
        whole = repair(body)
    except RecursionError:
        return Broken("too_deep", TOO_DEEP, 0, len(body))
    if whole is None:
        return _not_json(body, error)
    try:
        return Decoded(decode(whole), lossy=True)
    except msgspec.ValidationError:
        return _decode_unusual(whole)
    except (msgspec.DecodeError, RecursionError) as still:
        return _not_json(body, str(still))


def repair(body: bytes) -> bytes | None:
    """Valid JSON made from almost valid JSON by replacing what cannot be encoded."""
    if len(body) > _MAX_REPAIR_BYTES or has_too_many_values(body):
        return None
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_constant=lambda _: None)
        clean = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return None
    return clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _not_json(body: bytes, error: str) -> Broken:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Broken("not_utf8", "UTF-16, where Codex writes UTF-8", 0, len(body))
    return Broken("not_json", error[:200], 0, len(body))
