"""A full garbage collection runs while the person is idle, and is never delayed forever."""

import gc

import pytest

from tui.idle_gc import DUE_AFTER, IDLE_SECONDS, OVERDUE_AFTER, IdleCollector


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The last value is what `gc.get_count` returns. A collection appends 0."""
    counts = [0]
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, counts[-1]))
    monkeypatch.setattr(gc, "collect", lambda: counts.append(0))
    return counts


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_collection_waits_until_the_user_is_idle(counts: list[int], clock: list[float]) -> None:
    collector = IdleCollector(lambda: clock[0])
    collector.input_received()
    counts[:] = [DUE_AFTER]
    collector.tick()
    assert counts == [DUE_AFTER]
    clock[0] += IDLE_SECONDS
    collector.tick()
    assert counts == [DUE_AFTER, 0]


def test_no_collection_before_it_is_due(counts: list[int], clock: list[float]) -> None:
    collector = IdleCollector(lambda: clock[0])
    clock[0] += IDLE_SECONDS
    counts[:] = [DUE_AFTER - 1]
    collector.tick()
    assert counts == [DUE_AFTER - 1]


def test_overdue_collection_runs_while_the_user_types(
    counts: list[int], clock: list[float]
) -> None:
    collector = IdleCollector(lambda: clock[0])
    counts[:] = [OVERDUE_AFTER]
    collector.input_received()
    collector.tick()
    assert counts == [OVERDUE_AFTER, 0]


def test_start_disables_automatic_full_collections() -> None:
    before = gc.get_threshold()
    try:
        IdleCollector().start()
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1000 * DUE_AFTER
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
