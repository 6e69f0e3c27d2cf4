"""The JSON document that a command prints: strict JSON, pure ASCII, times in UTC.

Text from logs is included as it is, because JSON escapes it. Types that JSON does not know are
converted here and nowhere else.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from pathlib import Path
from uuid import UUID

import msgspec

_LEVELS = 2
"""How deep in a document such a sequence may be."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def document(command: str, body: Mapping[str, object]) -> str:
    """The document of a command, with its schema first."""
    return "".join(parts(command, body))


def parts(command: str, body: Mapping[str, object]) -> Iterator[str]:
    """The document in parts, for one that is not in memory as a whole."""
    return _parts({"schema": f"tailboard.{command}/1", **body}, _LEVELS)


def _parts(value: object, levels: int) -> Iterator[str]:
    """A sequence that is no list is not in memory: each of its values is a part."""
    if levels and isinstance(value, msgspec.Struct):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        value = {key: getattr(value, name) for name, key in names}
    if levels and isinstance(value, dict):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{line(str(key))}: "
            yield from _parts(item, levels - 1)
        yield "}"
    elif isinstance(value, Sequence) and not isinstance(value, list | tuple | str | bytes):
        yield "["
        for number, item in enumerate(value):
            yield f"{', ' if number else ''}{line(item)}"
        yield "]"
    else:
        yield line(value)


def line(body: object) -> str:
    return json.dumps(plain(body), ensure_ascii=True, allow_nan=False)


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and a Z. A time without a zone is UTC."""
    if moment is None:
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: object) -> object:  # noqa: C901 - one case per type, in one table
    """The value in types that JSON knows."""
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value)
        case int():
            return value
        case str():
            return value if value.isascii() else _valid(value)
        case float():
            return value if isfinite(value) else None
        case datetime():
            return utc(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return plain(float(value))
        case Path() | UUID():
            return _valid(str(value))
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case msgspec.Struct():
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            return {key: plain(getattr(value, name)) for name, key in names}
        case Mapping():
            return {_valid(str(key)): plain(item) for key, item in value.items()}
        case Iterable():
            return [plain(item) for item in value]
        case _:
            return _valid(str(value))


def _valid(text: str) -> str:
    # A lone surrogate would be escaped, and many parsers refuse the escape.
    return _SURROGATE.sub("\ufffd", text)
