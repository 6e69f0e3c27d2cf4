"""Compressed files that are damaged, torn or bombs: no cursor moves before the whole file is
valid."""

import pytest
import zstandard

from ingest.tail.zst import Caps, ZstReader
from tests.faults.fault_harness import AFTER, FaultHarness
from tests.soak import SOAK


@pytest.mark.fault("F09")
@pytest.mark.parametrize(
    ("part", "read_before"),
    [(0.0, True), (0.1, True), (0.5, True), (0.9, True), (0.999, True), (0.5, False)],
)
def test_an_incomplete_compressed_file_moves_no_cursor(
    harness: FaultHarness, part: float, read_before: bool
) -> None:
    session = harness.session("plan")
    if read_before:
        harness.read()
    harness.home.compress(session)
    packed = session.path.with_name(session.path.name + ".zst")
    packed.with_name(packed.name + ".tmp").write_bytes(b"half")
    whole = packed.read_bytes()
    before = harness.facts()
    packed.write_bytes(whole[: int(len(whole) * part)])
    harness.read()
    assert harness.facts() == before
    assert harness.state_of(session) == "damaged"
    packed.write_bytes(whole)
    harness.now = AFTER
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.state_of(session) == "following"


@pytest.mark.fault("F09")
@pytest.mark.parametrize("seed", range(0, 10, 1 if SOAK else 3))
def test_a_flipped_bit_in_a_compressed_file_moves_no_cursor(
    harness: FaultHarness, seed: int
) -> None:
    session = harness.session("plan")
    harness.home.compress(session)
    packed = session.path.with_name(session.path.name + ".zst")
    whole = packed.read_bytes()
    at = len(whole) * (seed * 2 + 1) // 20
    packed.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
    harness.read()
    assert harness.facts() == []
    assert harness.state_of(session) in ("damaged", "too_large")


@pytest.mark.fault("F10")
def test_a_decompression_bomb_is_refused_and_its_plain_copy_is_read(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZstReader.__init__, "__defaults__", (Caps(size=1 << 20, ratio=20),))
    session = harness.session("chat")
    healthy = harness.session("partial")
    packed = session.path.with_name(session.path.name + ".zst")
    session.path.unlink()
    packed.write_bytes(zstandard.compress(b" " * (64 << 20)))
    report = harness.read()
    assert report.batches["dead"] == 1
    assert harness.state_of(session) == "too_large"
    assert any(healthy.thread.id in fact for fact in harness.facts())
    session.write()
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.state_of(session) == "following"
