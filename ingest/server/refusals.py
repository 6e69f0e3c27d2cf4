"""What is answered at the owner's door where it cannot be rows, each with a way out."""

from pathlib import Path

from ingest.db.errors import StoreError
from ingest.server import protocol


class QueryTimeout(StoreError):
    """A question took longer than the owner lets one take."""

    code = "door.too_slow"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The question was ended after {seconds:g} seconds.",
            "Ask for less; or make a copy with `tailboard snapshot` and ask that.",
        )


class SocketUnavailable(StoreError):
    """No socket can be opened: everything works, only not for several processes at once."""

    code = "door.none"
    error_class = "config"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Other processes cannot read {path} now: {error.strerror or error}.",
            "If the disk is full, make room. Else put the database where sockets can be made, with "
            "a shorter path: --db PATH.",
        )


class ReadOnlyServer(Exception):
    """What the door answers where the owner does nothing for others."""

    code = "door.only_reads"
    message = "This process only lets others read."
    hint = "It ends by itself; try again then."


def error_response(error: Exception) -> protocol.ErrorResponse:
    return protocol.ErrorResponse(
        str(getattr(error, "code", type(error).__name__)),
        str(getattr(error, "message", error)),
        str(getattr(error, "hint", "")),
        str(getattr(error, "error_class", "transient")),
    )


GARBLED = protocol.ErrorResponse(
    "door.garbled", "That is no message of Tailboard.", "Use the same version everywhere."
)
FULL = protocol.ErrorResponse(
    "door.full",
    "Too many processes read this database at once.",
    "Close one of them, and try again.",
    "resource",
)
TOO_MUCH = protocol.ErrorResponse(
    "door.too_much", "The answer is too large to be sent.", "Ask for fewer rows: --limit N."
)
EXPIRED = protocol.ErrorResponse(
    "door.expired", "One moment of the database cannot be held that long.", "Try again."
)
