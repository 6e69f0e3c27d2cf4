"""Runs of lines without a record: one row each, every line counted, for any slicing of the file."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codex.fold import Fold, FoldResult
from ingest.codex.indexes import IndexFold
from ingest.codex.line import diagnose
from ingest.codex.rejected_runs import count_repeats
from ingest.codex.state import FoldState
from tests.unit.codex.lines import THREAD, event, joined, meta

RUBBISH = (
    *(b"x", b"[]", b"5", b"null", b"\x00\x00", b"{x", b'{"x', b'x{"a":1}', b"\xff\xfe{\x00"),
    *(b'{"type":"half{"type":"a_new_kind"}', b'{"type":"', b" x ", b"\xef\xbb\xbf{"),
    *(b'"type"', b'{"half": "\xff', b"# a heading"),
)
EMPTY = (b"", b" ", b"\r", b"\t \x0b")
OTHERS = (b"{}", b'{"type":"a_new_kind"}', event("agent_message", message="Yes"), meta())
lines = st.lists(
    st.sampled_from(RUBBISH + EMPTY + OTHERS) | st.binary(max_size=8), max_size=40
).map(lambda found: [line.replace(b"\n", b"") for line in found])

Row = tuple[int, int, int, int, str, str]


def rollout(state: FoldState | None) -> Fold:
    return Fold(1, THREAD, state)


def history(state: FoldState | None) -> IndexFold:
    return IndexFold(1, names=False, state=state)


def rows(folds: list[FoldResult]) -> list[Row]:
    """The stored rejected lines after these ranges have been stored in order."""
    stored: dict[tuple[int, bool], Row] = {}
    for folded in folds:
        if (grown := folded.grown) is not None:
            key = grown.byte, True
            stored[key] = (*stored[key][:2], grown.lines, grown.extent, *stored[key][4:])
        for one in folded.facts.rejects:
            row = (one.byte, one.length, one.lines, one.extent, one.reason, one.sha256)
            stored[one.byte, one.whole] = row
    return sorted(stored.values())


@pytest.mark.parametrize("kind", [rollout, history])
@settings(max_examples=80, deadline=None)
@given(lines, st.lists(st.integers(0, 40), max_size=3))
def test_any_slicing_gives_the_same_runs(kind: Any, found: list[bytes], cuts: list[int]) -> None:
    whole = kind(None)
    whole.feed(0, joined(found))
    expected = whole.finish()
    folds: list[FoldResult] = []
    state, begin, at = None, 0, 0
    for cut in [*sorted(cuts), len(found)]:
        part = joined(found[begin:cut])
        begin = max(begin, cut)
        fold = kind(state)
        fold.feed(at, part)
        folds.append(fold.finish())
        state, at = folds[-1].state, at + len(part)
    assert rows(folds) == rows([expected])
    for count in ("lines", "stored", "rejected", "blank"):
        assert sum(getattr(one.tally, count) for one in folds) == getattr(expected.tally, count)
    assert expected.tally.lines == len(found)
    assert sum(one.lines for one in expected.facts.rejects if one.whole) == expected.tally.rejected


@settings(max_examples=80, deadline=None)
@given(lines)
def test_line_is_rejected_the_same_alone_and_in_a_run(found: list[bytes]) -> None:
    together = Fold(1, THREAD)
    together.feed(0, joined(found))
    alone = [Fold(1, THREAD) for _ in found]
    for fold, line in zip(alone, found, strict=True):
        fold.feed(0, line + b"\n")
    for count in ("stored", "rejected", "blank"):
        total = sum(getattr(fold.tally, count) for fold in alone)
        assert getattr(together.tally, count) == total


def test_run_stores_its_first_line_count_and_extent() -> None:
    data = joined([meta(), b"first", b"", b"second", b"third!", b" ", meta()])
    fold = Fold(1, THREAD)
    fold.feed(0, data)
    (row,) = fold.finish().facts.rejects
    assert (row.byte, row.length, row.lines) == (data.index(b"first"), 5, 3)
    assert data[row.byte : row.byte + row.extent].endswith(b"third!")
    assert (fold.tally.rejected, fold.tally.blank, fold.tally.stored) == (3, 2, 2)


def test_record_ends_a_run() -> None:
    fold = Fold(1, THREAD)
    fold.feed(0, joined([b"x", b"y", meta(), b"z"]))
    assert [row.lines for row in fold.finish().facts.rejects] == [2, 1]


@pytest.mark.parametrize("line", [b"x", b"", b"{}", b'{"x', b"[1]", b'x{"a":1}'])
def test_repeated_line_is_decoded_once_per_block(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bytes] = []

    def counting(raw: bytes) -> Any:
        looked.append(raw)
        return diagnose(raw)

    monkeypatch.setattr("ingest.codex.line.diagnose", counting)
    fold = Fold(1, THREAD)
    block = (line + b"\n") * 50_000
    for number in range(4):
        fold.feed(number * len(block), block)
    folded = fold.finish()
    assert folded.tally.lines == 200_000
    assert len(looked) <= 4
    assert len(folded.facts.rejects) <= 1


def test_kinds_above_the_limit_are_counted_together() -> None:
    fold = Fold(1, THREAD)
    fold.feed(0, joined(b'{"type":"k%d"}' % number for number in range(5_000)))
    folded = fold.finish()
    assert len(folded.state.kinds) <= 600
    assert sum(lines for lines, _ in folded.state.kinds.values()) == 5_000


@given(st.integers(0, 200), st.binary(max_size=3).map(lambda line: line.replace(b"\n", b"")))
def test_how_often_a_line_is_repeated_is_counted_exactly(count: int, line: bytes) -> None:
    data = b"before\n" + (line + b"\n") * count + line + b"?\n"
    assert count_repeats(data, 7, line) == count


def test_binary_garbage_is_one_rejected_row() -> None:
    hole = bytes(byte for byte in bytes(range(256)) * 800 if byte != ord("{"))
    fold = Fold(1, THREAD)
    fold.feed(0, joined([meta(), hole, meta()]))
    folded = fold.finish()
    assert folded.tally.rejected > 700
    assert len(folded.facts.rejects) == 1
