"""Compressed rollouts: the same bytes as the plain file, or none."""

import io
import tracemalloc
from pathlib import Path
from random import Random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceDamaged, SourceError, SourceTooLarge
from ingest.tail.cursor import START, judge
from ingest.tail.lines import blocks
from ingest.tail.opening import open_source
from ingest.tail.source import Representation
from ingest.tail.zst import Caps, ZstReader
from tests.unit.tail.builders import EVERYTHING, opened, pack, rollout, texts, write

MIB = 1024**2
CONTENT = b"".join(b'{"line":%d,"noise":%d}\n' % (n, n * n * 7919 % 10007) for n in range(9000))
PACKED = pack(CONTENT)


def packed(folder: Path, data: bytes) -> Path:
    return write(folder / (rollout() + ".zst"), data)


def whole(path: Path) -> bytes:
    with opened(path) as reader:
        return b"".join(line + b"\n" for line in texts(blocks(reader, 0, EVERYTHING)))


def test_a_compressed_file_ends_where_its_plain_bytes_end(tmp_path: Path) -> None:
    with opened(packed(tmp_path, PACKED)) as reader:
        assert reader.end() == len(CONTENT)
        assert reader.seen.size == len(PACKED)


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) + 9), st.integers(1, 5000)), max_size=6))
def test_bytes_can_be_read_in_any_order(tmp_path_factory, wishes) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.getbasetemp() / "any order.zst"
    path.write_bytes(PACKED)
    with open_source(path, Representation.ZST) as reader:
        for offset, length in wishes:
            assert reader.read_at(offset, length) == CONTENT[offset : offset + length]


def test_several_frames_and_skippable_ones_are_one_file(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    third = len(CONTENT) // 3
    frames = pack(CONTENT[:third]) + skippable + pack(CONTENT[third:]) + pack(b"") + skippable
    assert whole(packed(tmp_path, frames)) == CONTENT


def test_many_tiny_frames_are_one_file(tmp_path: Path) -> None:
    frames = b"".join(pack(line + b"\n") for line in CONTENT.split(b"\n")[:500])
    assert whole(packed(tmp_path, frames)) == b"\n".join(CONTENT.split(b"\n")[:500]) + b"\n"


def test_a_frame_without_its_size_or_a_checksum_is_read_too(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(target, closefd=False) as writer:
        writer.write(CONTENT)
    assert whole(packed(tmp_path, target.getvalue())) == CONTENT


@pytest.mark.parametrize("cut", [len(PACKED) * step // 20 for step in range(20)])
def test_a_truncated_file_returns_no_bytes(tmp_path: Path, cut: int) -> None:
    with opened(packed(tmp_path, PACKED[:cut])) as reader:
        run = blocks(reader, 0, EVERYTHING)
        with pytest.raises(SourceDamaged):
            next(iter(run))
        assert run.position == 0
        with pytest.raises(SourceDamaged):
            judge(START, reader)


@pytest.mark.parametrize("cut", [1, 2, 4, 5, 100])
def test_a_second_frame_that_is_torn_damages_the_whole_file(tmp_path: Path, cut: int) -> None:
    with opened(packed(tmp_path, PACKED + PACKED[:-cut])) as reader, pytest.raises(SourceDamaged):
        reader.end()


@pytest.mark.parametrize("seed", range(20))
def test_a_file_with_a_flipped_bit_returns_no_bytes(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    flipped = bytearray(PACKED)
    flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    with opened(packed(tmp_path, bytes(flipped))) as reader, pytest.raises(SourceDamaged):
        next(iter(blocks(reader, 0, EVERYTHING)))


@given(st.binary(max_size=300))
def test_any_bytes_raise_only_its_own_errors(tmp_path_factory, noise) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.getbasetemp() / "noise.zst"
    path.write_bytes(PACKED[:9] + noise)
    with open_source(path, Representation.ZST) as reader, pytest.raises(SourceError):
        reader.end()


@pytest.mark.parametrize("junk", [b"x", b"\0" * 100, b"plain text\n"])
def test_bytes_after_the_last_frame_are_refused(tmp_path: Path, junk: bytes) -> None:
    with opened(packed(tmp_path, PACKED + junk)) as reader, pytest.raises(SourceDamaged):
        reader.end()


def test_a_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(64 * MIB)) * 32
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with opened(packed(tmp_path, bomb)) as reader, pytest.raises(SourceTooLarge) as error:
            reader.end()
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()
    assert error.value.kind == "data"


def test_a_large_file_that_packs_like_a_log_is_no_bomb(tmp_path: Path) -> None:
    for caps, expected in (
        (Caps(size=len(CONTENT) - 1, ratio=200), len(CONTENT)),
        (Caps(size=len(CONTENT), ratio=1), len(CONTENT)),
        (Caps(size=len(CONTENT) - 1, ratio=1), None),
    ):
        with opened(packed(tmp_path, PACKED)) as ordinary, packed(tmp_path, PACKED).open() as file:
            reader = ZstReader("path", file.fileno(), ordinary.seen, caps)
            if expected is None:
                with pytest.raises(SourceTooLarge):
                    reader.end()
            else:
                assert reader.end() == expected


def test_a_frame_that_asks_for_a_huge_window_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=28)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = writer.compress(b"small\n") + writer.flush()
    with opened(packed(tmp_path, data)) as reader, pytest.raises(SourceTooLarge, match="memory"):
        reader.end()


def test_continuing_at_an_offset_skips_the_bytes_before_it(tmp_path: Path) -> None:
    start = CONTENT.index(b"\n", len(CONTENT) // 2) + 1
    with opened(packed(tmp_path, PACKED)) as reader:
        assert texts(blocks(reader, start, EVERYTHING)) == CONTENT[start:].split(b"\n")[:-1]


def test_a_file_that_changes_after_it_was_verified_ends_with_an_error(tmp_path: Path) -> None:
    path = packed(tmp_path, PACKED)
    with opened(path) as reader:
        reader.end()
        path.write_bytes(b"")
        with pytest.raises(SourceDamaged):
            reader.read_at(0, 10)
