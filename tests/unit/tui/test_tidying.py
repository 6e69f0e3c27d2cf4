"""Garbage is looked for in a pause, and never put off for good."""

import gc

import pytest

from tui.idle_gc import OVERDUE, REST, WORTH, IdleCollector


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much waits, and at which times it was looked at."""
    waits = [0]
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, waits[-1]))
    monkeypatch.setattr(gc, "collect", lambda: waits.append(0))
    return waits


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_it_waits_for_a_pause(looks: list[int], clock: list[float]) -> None:
    tidy = IdleCollector(lambda: clock[0])
    tidy.touch()
    looks[:] = [WORTH]
    tidy.tick()
    assert looks == [WORTH]
    clock[0] += REST
    tidy.tick()
    assert looks == [WORTH, 0]


def test_nothing_is_looked_at_where_nothing_was_made(looks: list[int], clock: list[float]) -> None:
    tidy = IdleCollector(lambda: clock[0])
    clock[0] += REST
    looks[:] = [WORTH - 1]
    tidy.tick()
    assert looks == [WORTH - 1]


def test_without_any_pause_it_comes_in_the_end(looks: list[int], clock: list[float]) -> None:
    tidy = IdleCollector(lambda: clock[0])
    looks[:] = [OVERDUE]
    tidy.touch()
    tidy.tick()
    assert looks == [OVERDUE, 0]


def test_by_itself_it_comes_no_more_once_it_has_begun() -> None:
    before = gc.get_threshold()
    try:
        IdleCollector().begin()
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1000 * WORTH
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
