"""What is kept of bytes that could not be read: all of them, or both ends of a long part."""

import base64
import hashlib

from ingest.codex.facts import Reject

WHOLE_BYTES = 65_536
EDGE_BYTES = 4_096


def rejected(
    source: int,
    byte: int,
    part: bytes,
    reason: str,
    message: str,
    *,
    whole: bool = True,
    trace: str | None = None,
) -> Reject:
    """`part` of a line, or the `whole` of one, that begins at `byte`."""
    short = len(part) <= WHOLE_BYTES
    return Reject(
        source,
        byte,
        len(part),
        whole,
        reason,
        message,
        hashlib.sha256(part).hexdigest(),
        _base64(part if short else part[:EDGE_BYTES]),
        "" if short else _base64(part[-EDGE_BYTES:]),
        trace,
    )


def too_long(source: int, byte: int, length: int, digest: str, head: bytes, tail: bytes) -> Reject:
    """A line above the cap, of which only the ends were ever in memory."""
    message = f"a line of {length} bytes is longer than the cap"
    ends = _base64(head), _base64(tail)
    return Reject(source, byte, length, True, "too_long", message, digest, *ends)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
