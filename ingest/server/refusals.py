"""Errors that the server returns to clients, each with a hint what to do."""

from ingest.errors import TailboardError
from ingest.server import protocol


def error_response(error: Exception) -> protocol.ErrorResponse:
    if isinstance(error, TailboardError):
        return protocol.ErrorResponse(error.code, error.message, error.hint, error.kind)
    return protocol.ErrorResponse(type(error).__name__, str(error), "")


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
