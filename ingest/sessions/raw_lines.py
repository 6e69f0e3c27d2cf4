"""The lines of a session as they stand in Codex's files, read again from where they were seen.

The files are only read, through the one door for them. A file that is shorter than what was read
of it is another file by now, and that is said instead of showing what never was.
"""

from collections.abc import Iterator

from msgspec import Struct

from ingest.db.query_reader import Row
from ingest.sessions.errors import FileChanged
from ingest.tail.errors import SourceError
from ingest.tail.opening import open_source
from ingest.text.redact import mask

_PIECE = 1024 * 1024


class Range(Struct, frozen=True):
    path: str
    representation: str
    start: int
    end: int


def ranges(segments: list[Row], turns: list[Row], number: int | None) -> list[Range]:
    """Where the lines of a session are, or those of one turn: up to where the next one begins."""
    if number is None:
        return [_range(segment, 0, segment["byte"]) for segment in segments]
    wanted = next(turn for turn in turns if turn["n"] == number)
    segment = next(one for one in segments if one["source"] == wanted["source"])
    later = [
        turn["byte"]
        for turn in turns
        if turn["source"] == wanted["source"] and turn["byte"] > wanted["byte"]
    ]
    return [_range(segment, wanted["byte"], min(later, default=segment["byte"]))]


def _range(segment: Row, start: int, end: int) -> Range:
    return Range(segment["path"], segment["representation"], start, end)


def read_chunks(wanted: Range) -> Iterator[bytes]:
    """The bytes of a range; whole lines, but cut anywhere."""
    try:
        with open_source(wanted.path, wanted.representation) as reader:
            at = wanted.start
            while at < wanted.end:
                piece = reader.read_at(at, min(_PIECE, wanted.end - at))
                if not piece:
                    raise FileChanged(
                        f"{wanted.path} ends at byte {at}; {wanted.end} were read of it before.",
                        "Run `tailboard ingest`: it sees what became of the file.",
                    )
                at += len(piece)
                yield piece
    except SourceError as error:
        raise FileChanged(f"{wanted.path}: {error.sentence}", error.hint) from error


def masked_lines(wanted: Range) -> Iterator[str]:
    """The lines of a range as text, masked; what is no UTF-8 is shown as an escape."""
    rest = b""
    for piece in read_chunks(wanted):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield mask(line.decode("utf-8", "backslashreplace"))
    if rest:
        yield mask(rest.decode("utf-8", "backslashreplace"))
