"""The decision after a failure: retry, give up, pause or release."""

from collections import Counter
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.batches.batch import BatchId
from ingest.batches.failure import OWNER_DIED, READER_DIED, Failure
from ingest.batches.retry_policy import (
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    POISON_AGAIN,
    POISON_RESCUES,
    POISON_WINDOW,
    RESOURCE_PAUSE,
    GiveUp,
    PauseQueue,
    Reason,
    Release,
    Retry,
    attempts_after_manual_retry,
    backoff,
    longest_delay,
    next_step,
)
from ingest.batches.state import Move, State, target
from ingest.errors import ErrorClass

NOW = datetime(2026, 11, 21, 12, 0)
BATCH = BatchId("0123456789abcdef")
HOUR = timedelta(hours=1)

ids = st.text().map(BatchId)
attempt_numbers = st.integers(1, 10**6)


def failure(cls: ErrorClass) -> Failure:
    return Failure(code=f"some_{cls}", cls=cls, message="It failed.")


def after(
    what: Failure, *, attempts: int = 0, rescued_at: tuple[datetime, ...] = ()
) -> Retry | GiveUp | PauseQueue | Release:
    return next_step(what, batch=BATCH, attempts=attempts, rescued_at=rescued_at, now=NOW)


@pytest.mark.fault("Q06")
@given(ids, attempt_numbers)
@example(BATCH, 10**6)
def test_the_delay_is_between_half_of_its_bound_and_the_bound(batch: BatchId, n: int) -> None:
    bound = longest_delay(n)
    assert bound / 2 <= backoff(batch, n) <= bound <= LONGEST_DELAY


@given(ids, attempt_numbers)
def test_the_delay_is_deterministic(batch: BatchId, n: int) -> None:
    assert backoff(batch, n) == backoff(BatchId(str(batch)), n)


def test_the_delay_is_the_same_in_every_version() -> None:
    assert backoff(BATCH, 1) == timedelta(microseconds=4_476_701)


def test_the_bound_doubles_from_five_seconds_up_to_a_quarter_of_an_hour() -> None:
    seconds = [longest_delay(n).total_seconds() for n in range(1, 11)]
    assert seconds == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert longest_delay(10**6) == LONGEST_DELAY


@given(st.integers(1, 10**6 - 1))
def test_the_bound_never_decreases(n: int) -> None:
    assert longest_delay(n) <= longest_delay(n + 1)


@pytest.mark.fault("Q06", "Q14")
def test_batches_that_failed_together_are_retried_at_different_times() -> None:
    delays = sorted(backoff(BatchId(f"batch {i}"), 3).total_seconds() for i in range(1000))
    assert len(set(delays)) > 990
    assert max(b - a for a, b in pairwise([10.0, *delays, 20.0])) < 0.5


@pytest.mark.fault("Q14")
@pytest.mark.parametrize("outage", [timedelta(seconds=20), timedelta(minutes=5)])
def test_ten_thousand_batches_are_spread_out_after_an_outage_without_more_attempts(
    outage: timedelta,
) -> None:
    """All fail at once, again and again until the outage ends; then each succeeds."""
    count = 10_000
    due = [(NOW, BatchId(f"batch {i}"), 0) for i in range(count)]
    tries: Counter[tuple[int, int]] = Counter()
    done: list[datetime] = []
    while due:
        now, batch, attempts = heappop(due)
        tries[attempts, int((now - NOW).total_seconds())] += 1
        if now >= NOW + outage:
            done.append(now)
            continue
        step = next_step(
            failure(ErrorClass.TRANSIENT), batch=batch, attempts=attempts, rescued_at=(), now=now
        )
        assert isinstance(step, Retry)
        heappush(due, (step.at, batch, step.attempts))
    assert len(done) == count
    # No second has more of the n-th attempts than an even spread over its window, within chance.
    for (attempt, _), tried in tries.items():
        if attempt:
            even = count / (longest_delay(attempt).total_seconds() / 2)
            assert tried <= even + 5 * even**0.5
    # The attempts before the end depend on the length of the outage, not on the number of failures.
    most = max(attempt for attempt, _ in tries)
    assert sum(tries.values()) <= (most + 1) * count
    # The longest delay is at most twice the length of the outage.
    assert max(done) <= NOW + 3 * outage + longest_delay(1)


@pytest.mark.fault("Q08")
def test_a_transient_failure_is_retried_after_its_delay_and_charged() -> None:
    assert after(failure(ErrorClass.TRANSIENT), attempts=2) == Retry(NOW + backoff(BATCH, 3), 3)


def test_a_batch_is_tried_eight_times_in_all() -> None:
    attempts = 0
    steps: list[Retry | GiveUp] = []
    while not steps or isinstance(steps[-1], Retry):
        step = after(failure(ErrorClass.TRANSIENT), attempts=attempts)
        assert isinstance(step, Retry | GiveUp)
        attempts = step.attempts
        steps.append(step)
    assert len(steps) == MAX_ATTEMPTS == 8
    assert steps[-1] == GiveUp(Reason.EXHAUSTED, 8)


@pytest.mark.fault("Q08")
def test_bad_data_is_not_tried_twice() -> None:
    assert after(failure(ErrorClass.DATA)) == GiveUp(Reason.PERMANENT, 1)


def test_a_wrong_setting_pauses_the_queue_until_the_user_resumes_it() -> None:
    assert after(failure(ErrorClass.CONFIG), attempts=7) == PauseQueue("some_config", None)


def test_a_full_disk_pauses_the_queue_for_a_moment() -> None:
    assert after(failure(ErrorClass.RESOURCE), attempts=7) == (
        PauseQueue("some_resource", NOW + RESOURCE_PAUSE)
    )


def test_a_cancelled_batch_is_released() -> None:
    assert after(failure(ErrorClass.CANCELLED), attempts=7) == Release(Move.RELEASE)


def test_the_end_of_a_process_is_never_charged() -> None:
    assert after(OWNER_DIED, rescued_at=(NOW,) * 10) == Release(Move.RESCUE)


def test_a_batch_is_dead_for_a_day_after_the_third_reader_died_alone_with_it() -> None:
    deaths = (NOW - 2 * HOUR, NOW - HOUR, NOW)
    given_up = GiveUp(Reason.POISON, 4, NOW + POISON_AGAIN)
    assert after(READER_DIED, rescued_at=deaths[:1]) == Release(Move.RESCUE)
    assert after(READER_DIED, rescued_at=deaths[:2]) == Release(Move.RESCUE)
    assert after(READER_DIED, attempts=4, rescued_at=deaths) == given_up


def test_a_death_older_than_three_days_does_not_count() -> None:
    just_in = (NOW - POISON_WINDOW, NOW - HOUR, NOW)
    just_out = (NOW - POISON_WINDOW - timedelta(microseconds=1), NOW - HOUR, NOW)
    assert len(just_in) == POISON_RESCUES
    assert isinstance(after(READER_DIED, rescued_at=just_in), GiveUp)
    assert after(READER_DIED, rescued_at=just_out) == Release(Move.RESCUE)


@pytest.mark.parametrize("cls", ErrorClass)
def test_every_decision_is_a_valid_move_of_a_claimed_batch(cls: ErrorClass) -> None:
    expected = {
        ErrorClass.TRANSIENT: State.FAILED,
        ErrorClass.DATA: State.DEAD,
        ErrorClass.CONFIG: State.PENDING,
        ErrorClass.RESOURCE: State.PENDING,
        ErrorClass.POISON: State.PENDING,
        ErrorClass.INTERRUPTED: State.PENDING,
        ErrorClass.CANCELLED: State.PENDING,
    }
    assert target(after(failure(cls)).move, State.CLAIMED) is expected[cls]


def test_a_manual_retry_gives_an_exhausted_batch_exactly_one_more_attempt() -> None:
    attempts = attempts_after_manual_retry(MAX_ATTEMPTS)
    assert isinstance(after(failure(ErrorClass.TRANSIENT), attempts=attempts), GiveUp)
    assert isinstance(after(failure(ErrorClass.TRANSIENT), attempts=attempts - 1), Retry)


@given(st.integers(0, 10**6))
def test_a_manual_retry_never_removes_an_attempt(attempts: int) -> None:
    assert 0 <= attempts_after_manual_retry(attempts) <= min(attempts, MAX_ATTEMPTS - 1)
