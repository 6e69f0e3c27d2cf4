"""Reading whole lines: every byte once, unchanged, and never before the line is complete."""

import tracemalloc
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceIO
from ingest.tail.cursor import START, advance
from ingest.tail.lines import PREVIEW, Block, Oversize, blocks
from ingest.tail.source import UNSEEN
from tests.unit.tail.builders import (
    EVERYTHING,
    Memory,
    append,
    lines_in,
    lines_of,
    opened,
    pack,
    poll,
    read_once,
    rollout,
    texts,
    write,
)

MIB = 1024**2
# Many critical bytes: newlines, other line separators, NULs, partial characters.
data = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\x00", "\u2028\u2029\x85".encode(), b"\v\f\x1c", b"\xff"])
    | st.binary(max_size=20)
).map(b"".join)


@given(data)
def test_framing_is_on_the_newline_byte_alone(content: bytes) -> None:
    *whole, partial = content.split(b"\n")
    run = blocks(Memory(content), 0, EVERYTHING)
    assert texts(run) == whole
    assert run.partial == len(partial)
    assert run.position == len(content) - len(partial)
    assert not run.more


@given(data, st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_short_reads_small_batches_and_a_small_cap_lose_and_change_nothing(
    content: bytes, shortest: int, limit: int, cap: int
) -> None:
    *whole, partial = content.split(b"\n")
    reader = Memory(content, shortest)
    found: list[bytes] = []
    position, more = 0, True
    while more:
        run = blocks(reader, position, limit, cap)
        batch = texts(run)
        found += batch
        assert run.position - position <= limit or len(batch) == 1
        assert batch or not run.more
        assert run.mark().tail == content[: run.position][-256:]
        position, more = run.position, run.more
    assert found == [line if len(line) <= cap else b"<oversize>" for line in whole]
    assert position == len(content) - len(partial)


@given(data, st.integers(1, 40), st.integers(1, 40))
def test_a_line_over_the_cap_is_described_exactly(content: bytes, shortest: int, cap: int) -> None:
    for block in blocks(Memory(content, shortest), 0, EVERYTHING, cap):
        if isinstance(block, Oversize):
            line = content[block.offset : block.offset + block.length]
            assert content[block.offset + block.length :].startswith(b"\n")
            assert b"\n" not in line
            assert block.sha256 == sha256(line).hexdigest()
            assert (block.head, block.tail) == (line[:PREVIEW], line[-PREVIEW:])


@given(data, st.integers(1, 40), st.integers(1, 40))
def test_a_reading_can_be_stopped_after_any_step(content: bytes, shortest: int, cap: int) -> None:
    steps = len(list(blocks(Memory(content, shortest), 0, EVERYTHING, cap)))
    expected = lines_of(content, cap=cap)
    for count in range(steps):
        run = blocks(Memory(content, shortest), 0, EVERYTHING, cap)
        given = sum(
            len(lines_in(block)) if isinstance(block, Block) else 1
            for block in islice(run, count + 1)
        )
        mark = run.mark()
        assert mark.tail == content[: mark.offset][-256:]
        assert lines_of(content, start=mark.offset, cap=cap) == expected[given:]


@given(data, st.integers(0, 400))
def test_continuing_at_any_line_gives_the_same_lines(content: bytes, choice: int) -> None:
    starts = [0, *(index + 1 for index, byte in enumerate(content) if byte == 0x0A)]
    start = starts[choice % len(starts)]
    run = blocks(Memory(content), start, EVERYTHING)
    assert texts(run) == content[start:].split(b"\n")[:-1]
    assert run.mark().tail == content[: run.position][-256:]


@pytest.mark.parametrize("size", [0, 1, 127 * 1024, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1])
def test_lines_that_end_around_the_size_of_a_piece_are_whole(size: int) -> None:
    whole = [b"a" * size, b"", b"b", b"c" * size, b"d" * 300_000, b"e"]
    assert lines_of(b"".join(line + b"\n" for line in whole)) == whole


def test_an_empty_file_has_no_lines_and_nothing_unfinished(tmp_path: Path) -> None:
    with opened(write(tmp_path / rollout())) as reader:
        run = blocks(reader, 0, EVERYTHING)
        assert texts(run) == []
        assert (run.position, run.partial, run.more, run.bytes_read) == (0, 0, False, 0)


def test_each_newline_is_an_empty_line() -> None:
    assert lines_of(b"\n" * 300_000) == [b""] * 300_000


def test_carriage_returns_nul_runs_and_marks_are_left_to_the_decoder() -> None:
    lines = [b"\xef\xbb\xbf{}\r", b"\x00" * 5000, "a\u2028b\x85c".encode(), b"\r", b"\xed\xa0\x80"]
    assert lines_of(b"".join(line + b"\n" for line in lines)) == lines


def test_a_line_torn_by_the_end_of_the_file_is_completed_once(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), b"one\ntw")
    cursor, _, first = poll(START, path)
    cursor, _, nothing = poll(cursor, path)
    append(path, b"o\nthr")
    cursor, _, second = poll(cursor, path)
    assert (first, nothing, second) == ([b"one"], [], [b"two"])
    assert cursor.offset == len(b"one\ntwo\n")


def test_the_unfinished_tail_is_counted(tmp_path: Path) -> None:
    with opened(write(tmp_path / rollout(), b"one\nunfinished")) as reader:
        run = blocks(reader, 0, EVERYTHING)
        assert texts(run) == [b"one"]
        assert run.partial == len(b"unfinished")


def test_lines_written_during_a_reading_belong_to_the_next(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), b"one\n" + b"x" * 200_000 + b"\ntw")
    with opened(path) as reader:
        run = blocks(reader, 0, EVERYTHING)
        found = []
        for block in run:
            assert isinstance(block, Block)
            found += lines_in(block)
            append(path, b"o\n")
        cursor = advance(START, run.mark())
    assert found == [b"one", b"x" * 200_000]
    assert poll(cursor, path)[2][0] == b"two"


def test_a_file_truncated_during_a_reading_ends_it_without_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), b"line\n" * 100_000)
    with opened(path) as reader:
        run = blocks(reader, 0, EVERYTHING)
        next(iter(run))
        path.write_bytes(b"")
        assert len(texts(blocks(reader, 0, EVERYTHING))) == 0


def test_reading_an_append_reads_only_the_new_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), (b"x" * 899 + b"\n") * 5000)
    cursor = read_once(path)
    append(path, b"y" * 99 + b"\n")
    with opened(path) as reader:
        reader.before(cursor.offset)
        run = blocks(reader, cursor.offset, EVERYTHING)
        assert texts(run) == [b"y" * 99]
        assert run.bytes_read == 100
        advance(cursor, run.mark())
        assert reader.bytes_read == 100 + 4096 + 256


def test_a_limit_ends_between_lines_and_reports_that_there_is_more() -> None:
    run = blocks(Memory(b"one\ntwo\nthree\n"), 0, 8)
    assert texts(run) == [b"one", b"two"]
    assert run.more
    assert run.mark().seen == UNSEEN


def test_a_limit_smaller_than_a_line_gives_exactly_that_line() -> None:
    run = blocks(Memory(b"a long line\nb\nc\n"), 0, 3)
    assert texts(run) == [b"a long line"]
    assert run.more


def test_a_line_of_exactly_the_cap_is_a_line_and_one_more_byte_is_not() -> None:
    assert lines_of(b"12345678\n123456789\n1\n", cap=8) == [b"12345678", b"<oversize>", b"1"]


def test_a_line_over_the_cap_keeps_its_position() -> None:
    content = b"a\n" + b"x" * 300_000 + b"\nb\n" + b"y" * 300_000 + b"\n"
    expected = [b"a", b"<oversize>", b"b", b"<oversize>"]
    assert lines_of(content, cap=100_000) == expected
    assert lines_of(content, cap=100_000, limit=1) == expected[:1]


def test_an_unfinished_line_over_the_cap_stays_pending_until_it_ends(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), b"a\n" + b"x" * 5000)
    with opened(path) as reader:
        run = blocks(reader, 0, EVERYTHING, cap=1000)
        assert texts(run) == [b"a"]
        assert (run.position, run.partial) == (2, 5000)
    append(path, b"x\nb\n")
    with opened(path) as reader:
        assert texts(blocks(reader, 2, EVERYTHING, cap=1000)) == [b"<oversize>", b"b"]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_huge_line_is_never_held_in_memory(tmp_path: Path, ending: bytes) -> None:
    path = write(tmp_path / rollout())
    with path.open("r+b") as file:
        file.truncate(256 * MIB)  # A hole: no disk space is used.
        file.seek(0, 2)
        file.write(ending)
    tracemalloc.start()
    try:
        with opened(path) as reader:
            found = list(blocks(reader, 0, EVERYTHING, cap=MIB))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
    assert [block.offset for block in found] == ([0] if ending else [])


def test_reading_short_lines_keeps_one_block_in_memory(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), (b"x" * 899 + b"\n") * 20_000)
    tracemalloc.start()
    try:
        with opened(path) as reader:
            run = blocks(reader, 0, EVERYTHING)
            count = sum(len(lines_in(block)) for block in run if isinstance(block, Block))
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()
    assert count == 20_000


def test_lines_before_an_error_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / rollout(), (b"x" * 999 + b"\n") * 1000)
    with opened(path) as reader:
        run = blocks(reader, 0, EVERYTHING)
        steps = iter(run)
        next(steps)

        def failing(*_: int) -> bytes:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr("ingest.tail.reader.os.pread", failing)
            with pytest.raises(SourceIO, match=r"Reading bytes 131072 to 262144 failed") as error:
                next(steps)
        assert error.value.kind == "transient"
        assert run.more
        cursor = advance(START, run.mark())
    assert cursor.offset == 131_000
    assert len(poll(cursor, path)[2]) == 1000 - 131


def test_a_compressed_file_gives_the_same_lines(tmp_path: Path) -> None:
    content = b"".join(b"%d" % number * 50 + b"\n" for number in range(20_000))
    path = write(tmp_path / (rollout() + ".zst"), pack(content))
    with opened(path) as reader:
        assert texts(blocks(reader, 0, EVERYTHING)) == content.split(b"\n")[:-1]


@pytest.mark.parametrize(("start", "limit", "cap"), [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_an_invalid_range_is_refused(start: int, limit: int, cap: int) -> None:
    with pytest.raises(ValueError, match="describe no range"):
        blocks(Memory(b""), start, limit, cap)
