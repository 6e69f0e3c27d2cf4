"""What is stored of bytes that could not be decoded: all of them, or both ends of a long part.

They are masked like all other text; length and hash are those of the original bytes. Of a line
above the cap only the ends are known, so secrets between them are not searched for.
"""

import base64
import hashlib
import re

from ingest.codex.facts import Reject
from ingest.codex.fields import stored_text
from ingest.codex.value_limit import LONG
from ingest.text.redact import mask

WHOLE_BYTES = 65_536
EDGE_BYTES = 4_096
_GAP = "\n\0gap\0\n"
_HIDDEN_TAIL = re.compile(rb".*</private>|[^\s\"']*", re.IGNORECASE | re.DOTALL)
"""What the tail is searched back for: the end of a private part or of a secret that it may
contain.
"""


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
    """`part` of a line, or the `whole` line, that begins at `byte`."""
    if len(part) > LONG:
        digest = hashlib.sha256(part).hexdigest()
        ends = _ends(part[:EDGE_BYTES], part[-EDGE_BYTES:])
        return Reject(
            *(
                source,
                byte,
                len(part),
                whole,
                reason,
                stored_text(message),
                digest,
                *ends,
                1,
                len(part),
            ),
            trace if trace is None else stored_text(trace),
        )
    masked = _masked(part)
    short = len(masked) <= WHOLE_BYTES
    return Reject(
        source,
        byte,
        len(part),
        whole,
        reason,
        stored_text(message),
        hashlib.sha256(part).hexdigest(),
        _base64(masked if short else masked[:EDGE_BYTES]),
        "" if short else _base64(masked[-EDGE_BYTES:]),
        1,
        len(part),
        trace if trace is None else stored_text(trace),
    )


KILLED = ""
"""Instead of a traceback: not our code failed on the line, but the whole process ended."""


def fault(source: int, byte: int, line: bytes, trace: str) -> Reject:
    """A line on which our own code failed."""
    if trace == KILLED:
        message = "the process that reads this line died repeatedly; please report it"
        return rejected(source, byte, line, "killed", message)
    message = "Tailboard could not read this line; please report it"
    return rejected(source, byte, line, "fault", message, trace=trace)


def too_long(source: int, byte: int, length: int, digest: str, head: bytes, tail: bytes) -> Reject:
    """A line above the cap, of which only the ends were ever in memory."""
    message = f"a line of {length} bytes is longer than the cap"
    ends = _ends(head, tail)
    return Reject(source, byte, length, True, "too_long", message, digest, *ends, 1, length)


def _ends(head: bytes, tail: bytes) -> tuple[str, str]:
    """Both ends of a long part, masked; the bytes between them are not searched."""
    masked_head, _, masked_tail = mask(
        _text(head) + _GAP + _text(_HIDDEN_TAIL.sub(b"", tail, count=1))
    ).partition(_GAP)
    return _base64(_bytes(masked_head)), _base64(_bytes(masked_tail))


def _masked(data: bytes) -> bytes:
    return _bytes(mask(_text(data)))


def _text(data: bytes) -> str:
    """One character per byte, so that any bytes can be masked: all masks are ASCII."""
    return data.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
