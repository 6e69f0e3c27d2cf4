"""Hints become rounds: bursts are combined, and no source starves."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.debounce import Debounce

QUIET, LONGEST = 0.1, 0.25


def gathering() -> Debounce[str]:
    """A session that was read at 10.0, so that the next hints are combined."""
    debounce: Debounce[str] = Debounce(QUIET, LONGEST)
    debounce.hint(["a"], 10.0)
    assert debounce.due(10.0) == ["a"]
    return debounce


def test_a_single_line_after_a_pause_is_read_at_once() -> None:
    debounce: Debounce[str] = Debounce(QUIET, LONGEST)
    debounce.hint(["a"], 5.0)
    assert debounce.wait(5.0) == 0
    assert debounce.due(5.0) == ["a"]
    assert debounce.due(5.0) == []
    assert debounce.wait(5.0) is None


def test_a_burst_is_one_round_after_a_short_pause() -> None:
    debounce = gathering()
    for now in (10.01, 10.03, 10.05):
        debounce.hint(["a"], now)
        assert debounce.due(now) == []
    assert debounce.due(10.14) == []
    assert debounce.due(10.16) == ["a"]


def test_a_session_that_never_pauses_is_read_after_the_longest_wait() -> None:
    debounce = gathering()
    served = []
    for tick in range(1, 100):
        now = 10.0 + tick * 0.02
        debounce.hint(["a"], now)
        if debounce.due(now):
            served.append(now)
    gaps = [later - now for now, later in zip([10.0, *served], served, strict=False)]
    assert served
    assert max(gaps) <= LONGEST + 0.02 + 0.02 + 1e-9


def test_a_busy_session_does_not_delay_another() -> None:
    debounce = gathering()
    debounce.hint(["a"], 10.05)
    debounce.hint(["b"], 10.05)
    assert debounce.due(10.05) == ["b"]


def test_a_longest_wait_below_the_pause_means_the_pause() -> None:
    debounce: Debounce[str] = Debounce(0.5, 0.1)
    debounce.hint(["a"], 1.0)
    debounce.due(1.0)
    debounce.hint(["a"], 1.1)
    assert debounce.due(1.3) == []
    assert debounce.due(1.6) == ["a"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.3)), max_size=60))
def test_no_hint_is_lost_and_none_waits_longer_than_allowed(hints: list[tuple[str, float]]) -> None:
    debounce: Debounce[str] = Debounce(QUIET, LONGEST)
    now = 0.0
    waiting: dict[str, float] = {}
    for key, pause in hints:
        # The caller sleeps until something is due, and no longer.
        end = now + pause
        while (wait := debounce.wait(now)) is not None and now + wait <= end:
            now += wait
            for served in debounce.due(now):
                assert now - waiting.pop(served) <= LONGEST + 1e-6
            if wait == 0:
                now += 1e-9
        now = max(now, end)
        debounce.hint([key], now)
        waiting.setdefault(key, now)
    assert sorted(debounce.due(now + LONGEST)) == sorted(waiting)
