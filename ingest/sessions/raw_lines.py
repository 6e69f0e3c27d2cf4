"""Reads the raw lines of a session again from Codex's files.

If a file is shorter than what was read from it before, `FileChanged` is raised.
"""

from collections.abc import Iterator

from msgspec import Struct

from ingest.errors import FileChanged, SourceError
from ingest.sessions.model import SessionFile, SessionLog
from ingest.tail.rotation import open_joined
from ingest.text.redact import mask

_CHUNK_BYTES = 1024 * 1024


class Range(Struct, frozen=True):
    path: str
    representation: str
    start: int
    end: int


def ranges(log: SessionLog, number: int | None) -> list[Range]:
    """The byte ranges of a session, or of one turn: up to where the next turn begins."""
    if number is None:
        return [_range(file, 0, file.read_to) for file in log.files]
    turn = log.turns[number - 1]
    file = next(one for one in log.files if one.source == turn.source)
    later = [one.byte for one in log.turns if one.source == turn.source and one.byte > turn.byte]
    return [_range(file, turn.byte, min(later, default=file.read_to))]


def _range(file: SessionFile, start: int, end: int) -> Range:
    return Range(file.path, file.representation, start, end)


def read_chunks(wanted: Range) -> Iterator[bytes]:
    """The bytes of a range, in chunks that may end inside a line."""
    try:
        with open_joined(wanted.path, wanted.representation, wanted.end) as reader:
            at = wanted.start
            while at < wanted.end:
                chunk = reader.read_at(at, min(_CHUNK_BYTES, wanted.end - at))
                if not chunk:
                    raise FileChanged(
                        f"{wanted.path} ends at byte {at}; it was read up to byte {wanted.end}.",
                        "Run `tailboard ingest` to read the file again.",
                    )
                at += len(chunk)
                yield chunk
    except SourceError as error:
        raise FileChanged(f"{wanted.path}: {error.message}", error.hint) from error


def masked_lines(wanted: Range) -> Iterator[str]:
    """The lines of a range as masked text; bytes that are not UTF-8 are escaped."""
    rest = b""
    for chunk in read_chunks(wanted):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield mask(line.decode("utf-8", "backslashreplace"))
    if rest:
        yield mask(rest.decode("utf-8", "backslashreplace"))
