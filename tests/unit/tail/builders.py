"""Small builders shared by the tests of `ingest.tail`."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard

from ingest.tail.cursor import (
    START,
    Cursor,
    Verdict,
    advance,
    judge,
    restart,
    with_hints,
)
from ingest.tail.lines import CAP, Block, Lines, Oversize, blocks
from ingest.tail.opening import open_source
from ingest.tail.reader import Reader
from ingest.tail.source import Representation, Seen, SourceName, parse

NOBODY = 65534
EVERYTHING = 1 << 40


def uuid(number: int) -> str:
    return f"01999999-0000-7000-8000-{number:012x}"


def rollout(thread: int = 1, segment: int | None = None, day: str = "2026-11-21") -> str:
    tail = "" if segment is None else f"_{uuid(segment)}"
    return f"rollout-{day}T10-00-00-{uuid(thread)}{tail}.jsonl"


def name_of(filename: str) -> SourceName | None:
    parsed = parse(filename)
    return parsed[0] if parsed else None


def write(path: Path, data: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def pack(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)


def representation_of(path: Path) -> Representation:
    return Representation.ZST if path.suffix == ".zst" else Representation.PLAIN


def opened(path: Path) -> Reader:
    return open_source(path, representation_of(path))


def texts(run: Lines) -> list[bytes]:
    """The lines of a reading, after asserting that every offset is the sum of the lines before."""
    found: list[bytes] = []
    expected = run.position
    for block in run:
        assert block.offset == expected
        if isinstance(block, Oversize):
            found.append(b"<oversize>")
            expected += block.length + 1
        else:
            assert isinstance(block, Block)
            assert block.data.endswith(b"\n")
            found.extend(lines_in(block))
            expected += len(block.data)
        assert run.position == expected
    assert run.position == expected
    return found


def poll(
    cursor: Cursor, path: Path, limit: int = EVERYTHING
) -> tuple[Cursor, Verdict, list[bytes]]:
    """Process one source as the pipeline does: judge, restart if necessary, read, advance."""
    with opened(path) as reader:
        verdict = judge(cursor, reader).verdict
        if verdict in (Verdict.EMPTIED, Verdict.UNCHANGED):
            return with_hints(cursor, reader.seen), verdict, []
        begin = restart(cursor) if verdict is Verdict.REWRITTEN else cursor
        run = blocks(reader, begin.offset, limit)
        lines = texts(run)
        if verdict is Verdict.REWRITTEN and not lines:
            return with_hints(cursor, reader.seen), verdict, []
        return advance(begin, run.mark()), verdict, lines


def read_once(path: Path) -> Cursor:
    return poll(START, path)[0]


class Memory(Reader):
    """A source in memory whose reads may be as short as `shortest`."""

    representation = Representation.PLAIN

    def __init__(self, data: bytes, shortest: int = EVERYTHING) -> None:
        super().__init__("memory", -1, Seen(len(data), 1, 1, 1))
        self.data = data
        self.shortest = shortest

    def end(self) -> int:
        return self.seen.size

    def read_at(self, offset: int, length: int) -> bytes:
        data = self.data[offset : offset + min(length, self.shortest)]
        self.bytes_read += len(data)
        return data


def lines_in(block: Block) -> list[bytes]:
    """The lines of a block without their newline."""
    return block.data.split(b"\n")[:-1]


def lines_of(
    data: bytes, *, start: int = 0, limit: int = EVERYTHING, cap: int = CAP
) -> list[bytes]:
    return texts(blocks(Memory(data), start, limit, cap))


@contextmanager
def as_a_user_without_rights() -> Iterator[None]:
    """Root ignores modes, so become another user temporarily."""
    me = os.geteuid()
    if me != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@contextmanager
def folder_everyone_may_enter() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
