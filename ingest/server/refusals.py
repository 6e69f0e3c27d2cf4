"""Errors that the server returns to clients, each with a hint what to do."""

from pathlib import Path

from ingest.db.errors import StoreError
from ingest.server import protocol


class QueryTimeout(StoreError):
    """A query exceeded the server's time limit."""

    code = "door.too_slow"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The query was stopped after {seconds:g} seconds.",
            "Select less, or make a copy with `tailboard snapshot` and query that.",
        )


class SocketUnavailable(StoreError):
    """No socket can be created, so other processes cannot read; everything else works."""

    code = "door.none"
    error_class = "config"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Other processes cannot read {path} now: {error.strerror or error}.",
            "If the disk is full, free some space. Otherwise use a database on a file system with "
            "sockets and with a shorter path: --db PATH.",
        )


class ReadOnlyServer(Exception):
    """The owner does not execute actions of other processes."""

    code = "door.only_reads"
    message = "The process that has the database open only lets others read."
    hint = "It ends by itself; try again then."


def error_response(error: Exception) -> protocol.ErrorResponse:
    return protocol.ErrorResponse(
        str(getattr(error, "code", type(error).__name__)),
        str(getattr(error, "message", error)),
        str(getattr(error, "hint", "")),
        str(getattr(error, "error_class", "transient")),
    )


GARBLED = protocol.ErrorResponse(
    "door.garbled",
    "The message is not in Tailboard's format.",
    "Use the same version of Tailboard everywhere.",
)
FULL = protocol.ErrorResponse(
    "door.full",
    "Too many processes read this database at once.",
    "Close one of them, and try again.",
    "resource",
)
TOO_MUCH = protocol.ErrorResponse(
    "door.too_much", "The result is too large to send.", "Select fewer rows: --limit N."
)
EXPIRED = protocol.ErrorResponse(
    "door.expired", "The snapshot was held too long and has expired.", "Try again."
)
