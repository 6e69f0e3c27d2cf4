"""The messages between server and client: requests, responses, and their values.

Messages are declared structs in msgpack, never pickle; anything else is refused. Values keep their
Python types (a time is decoded to a time, a decimal to a decimal).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Ext

from ingest.db.query_reader import ANSWER_BYTES, Format, Query, Row
from ingest.errors import TailboardError

Buffer = bytes | bytearray

REQUEST_CAP = 4 * 1024**2
ANSWER_CAP = ANSWER_BYTES


class NamedQueriesRequest(Struct, tag="queries"):
    """Run several named queries on one snapshot."""

    queries: list[Query]


class SqlRequest(Struct, tag="sql"):
    text: str
    limit: int | None = None


class CopyRequest(Struct, tag="copy"):
    """Write a consistent copy to the spool."""

    form: Format


class ActionRequest(Struct, tag="action"):
    """Carry out an action of `ingest.actions`, which is encoded separately: clients that only read
    do not load it."""

    action: msgspec.Raw


class SnapshotRequest(Struct, tag="snapshot"):
    """Run all further queries of this connection on one snapshot."""


class HostRequest(Struct, tag="host"):
    """Return information about the owner."""


class WatchRequest(Struct, tag="watch"):
    """Send the number of commits now and after each commit, until the client disconnects."""


Request = (
    NamedQueriesRequest
    | SqlRequest
    | CopyRequest
    | ActionRequest
    | SnapshotRequest
    | HostRequest
    | WatchRequest
)


class Table(Struct):
    columns: list[str]
    rows: list[list[Any]]
    more: bool = False

    def records(self) -> list[Row]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Tables(Struct, tag="tables"):
    tables: list[Table]


class Copied(Struct, tag="copied"):
    name: str
    """The file's name in the spool folder beside the database."""


class ActionResponse(Struct, tag="result"):
    result: msgspec.Raw


class Host(Struct, tag="host"):
    """Information about the owner and the file it has open."""

    pid: int
    since: str
    role: str
    version: str
    schema: int
    homes: list[str]
    device: int
    inode: int


class ErrorResponse(Struct, tag="error"):
    code: str
    message: str
    hint: str
    error_class: str = "transient"


class CommitsResponse(Struct, tag="commits"):
    """The number of commits of this owner."""

    count: int
    sweep_in: float | None = None
    """Seconds until the next full sweep; None if none is planned."""


Reply = Tables | Copied | ActionResponse | Host | ErrorResponse | CommitsResponse


class Packed(Struct):
    """A table with encoded rows; the client decodes it as a `Table`."""

    columns: list[str]
    rows: msgspec.Raw
    more: bool = False


class PackedTables(Struct, tag="tables"):
    tables: list[Packed]


Sent = PackedTables | Copied | ActionResponse | Host | ErrorResponse | CommitsResponse

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})


def wrapped(value: Any) -> Any:  # noqa: C901 - one case a type, in one table
    """Convert a value to msgpack's types; other types become an extension type."""
    match value:
        case Enum():
            return wrapped(value.value)
        case int() if not -(1 << 63) <= value < 1 << 64:
            return Ext(7, str(value).encode())
        case None | bool() | int() | float() | str() | bytes() | Ext():
            return value
        case datetime():
            return Ext(1, value.isoformat().encode())
        case date():
            return Ext(2, value.isoformat().encode())
        case time():
            return Ext(3, value.isoformat().encode())
        case Decimal():
            return Ext(4, str(value).encode())
        case UUID():
            return Ext(5, value.bytes)
        case timedelta():
            parts = [value.days, value.seconds, value.microseconds]
            return Ext(6, msgspec.msgpack.encode(parts))
        case dict() if all(type(key) is str for key in value):
            return {key: wrapped(item) for key, item in value.items()}
        case dict():
            pairs = [[wrapped(key), wrapped(item)] for key, item in value.items()]
            return Ext(8, msgspec.msgpack.encode(pairs))
        case list() | tuple() | set() | frozenset():
            return [wrapped(item) for item in value]
        case bytearray() | memoryview():
            return bytes(value)
        case PurePath():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} cannot be sent")


def _unwrapped(code: int, data: memoryview) -> Any:
    return _KINDS[code](bytes(data))


_KINDS: dict[int, Callable[[bytes], Any]] = {
    1: lambda data: datetime.fromisoformat(data.decode()),
    2: lambda data: date.fromisoformat(data.decode()),
    3: lambda data: time.fromisoformat(data.decode()),
    4: lambda data: Decimal(data.decode()),
    5: lambda data: UUID(bytes=data),
    6: lambda data: timedelta(*msgspec.msgpack.decode(data, type=tuple[int, int, int])),
    7: lambda data: int(data),
    8: lambda data: dict(_ANY.decode(data)),
}

_ANY: Decoder[Any] = Decoder(ext_hook=_unwrapped)
_REQUESTS: Decoder[Request] = Decoder(Request, ext_hook=_unwrapped)
_REPLIES: Decoder[Reply] = Decoder(Reply, ext_hook=_unwrapped)
_encode = msgspec.msgpack.Encoder().encode


class InvalidMessage(Exception):
    """The received bytes are not a valid message."""


def request(message: Request) -> bytes:
    if isinstance(message, NamedQueriesRequest):
        message = NamedQueriesRequest([(name, wrapped(values)) for name, values in message.queries])
    return _encode(message)


def reply(message: Sent) -> bytes:
    return _encode(message)


def encoded(value: object) -> msgspec.Raw:
    """An action or its result, as a part of a message."""
    return msgspec.Raw(_encode(value))


def packed(
    columns: list[str], chunks: Iterable[Sequence[tuple[Any, ...]]], *, more: bool = False
) -> Packed:
    """Encode rows chunk by chunk, so that they never all exist as Python objects."""
    plain, count, data = _PLAIN, 0, bytearray()
    for chunk in chunks:
        rows = [
            [value if type(value) in plain else wrapped(value) for value in row] for row in chunk
        ]
        try:
            part = _encode(rows)
        except OverflowError:
            # An integer of more than 64 bits: too rare to check for in every row.
            part = _encode(wrapped(rows))
        data += memoryview(part)[len(_array(len(rows))) :]
        count += len(rows)
    return Packed(columns, msgspec.Raw(_array(count) + data), more)


def _array(count: int) -> bytes:
    """Return the msgpack header of an array of this length."""
    if count < 16:
        return bytes([0x90 | count])
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def read_request(data: Buffer) -> Request:
    try:
        return _REQUESTS.decode(data)
    except _NOT_OURS as error:
        raise InvalidMessage(str(error)) from error


def read_reply(data: Buffer) -> Reply:
    try:
        return _REPLIES.decode(data)
    except _NOT_OURS as error:
        raise InvalidMessage(str(error)) from error


# An extension value from another program may contain anything, and decoding it raises any of these.
_NOT_OURS = (msgspec.MsgspecError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError)


def error_response(error: Exception) -> ErrorResponse:
    if isinstance(error, TailboardError):
        return ErrorResponse(error.code, error.message, error.hint, error.kind)
    return ErrorResponse(type(error).__name__, str(error), "")


INVALID = ErrorResponse(
    "server.invalid",
    "The message is not in Tailboard's format.",
    "Use the same version of Tailboard everywhere.",
)
OTHER_USER = ErrorResponse(
    "server.user",
    "The process that has the database open belongs to another user.",
    "Use another database with --db PATH.",
    "config",
)
FULL = ErrorResponse(
    "server.full",
    "Too many processes read this database at once.",
    "Close one of them, and try again.",
    "resource",
)
TOO_MUCH = ErrorResponse(
    "server.too_much", "The result is too large to send.", "Select fewer rows: --limit N."
)
