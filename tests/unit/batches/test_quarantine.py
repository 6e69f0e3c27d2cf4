"""Finding the bad items of a batch."""

import errno
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batches.failure import Failure
from ingest.batches.quarantine import isolate


class Desk:
    """Does pieces of work as a database would: a whole piece or nothing of it."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.settled: list[tuple[str, int]] = []
        self.calls = 0

    def work(self, piece: Sequence[int]) -> None:
        self.calls += 1
        for item in piece:
            if item in self.bad:
                raise ValueError(f"item {item} is bad")
        self.settled += [("done", item) for item in piece]

    def set_aside(self, item: int, failure: Failure) -> None:
        assert failure.message == f"item {item} is bad"
        self.settled.append(("aside", item))


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_every_item_is_done_or_set_aside_once_and_in_order(count: int, bad: set[int]) -> None:
    desk = Desk(bad)
    isolate(range(count), desk.work, desk.set_aside)
    assert desk.settled == [("aside" if i in bad else "done", i) for i in range(count)]


def test_one_bad_line_among_many_costs_few_attempts() -> None:
    desk = Desk({12_345})
    isolate(range(20_000), desk.work, desk.set_aside)
    assert desk.settled.count(("aside", 12_345)) == 1
    assert desk.calls <= 2 * 15 + 1


def test_no_work_is_done_for_no_items() -> None:
    desk = Desk(set())
    isolate([], desk.work, desk.set_aside)
    assert desk.calls == 0


def test_a_full_disk_is_not_taken_for_a_bad_line_and_what_was_settled_stays() -> None:
    desk = Desk({1})

    def work(piece: Sequence[int]) -> None:
        if piece[0] == 4:
            raise OSError(errno.ENOSPC, "no space left")
        desk.work(piece)

    with pytest.raises(OSError, match="no space left"):
        isolate(range(8), work, desk.set_aside)
    assert desk.settled == [("done", 0), ("aside", 1), ("done", 2), ("done", 3)]


def test_a_failure_to_set_aside_is_raised_and_nothing_after_it_is_done() -> None:
    desk = Desk({0})

    def refuse(item: int, failure: Failure) -> None:
        raise OSError(errno.EIO, "cannot keep it")

    with pytest.raises(OSError, match="cannot keep it"):
        isolate(range(4), desk.work, refuse)
    assert desk.settled == []
