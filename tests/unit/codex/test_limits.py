"""The account's limits in token counts of all releases."""

from typing import Any

import msgspec
import pytest

from ingest.codex.facts import LimitUse
from ingest.codex.state import FoldState
from tests.unit.codex.lines import event, fold, meta


def count(limits: Any) -> bytes:
    return event("token_count", info=None, rate_limits=limits)


def window(used: Any, minutes: Any = 300, **reset: Any) -> dict[str, Any]:
    return {"used_percent": used, "window_minutes": minutes, **reset}


def limits(*counts: Any) -> list[LimitUse]:
    return fold(meta(), *map(count, counts)).facts.limits


def shown(*counts: Any) -> list[tuple[int | None, float, str | None]]:
    return [(use.window_minutes, use.used_percent, use.resets_at) for use in limits(*counts)]


FIVE_HOURS = window(62.0, resets_at=1_795_250_000)
WEEK = window(18.5, 10_080, resets_at=1_795_700_000)


def test_both_windows_are_stored_with_their_reset() -> None:
    first, second = limits(
        {"limit_id": "codex", "primary": FIVE_HOURS, "secondary": WEEK, "plan_type": "pro"}
    )
    assert (first.bucket, first.plan) == ("codex", "pro")
    assert (first.window_minutes, first.used_percent) == (300, 62.0)
    assert first.resets_at == "2026-11-21T08:33:20.000Z"
    assert (second.window_minutes, second.used_percent) == (10_080, 18.5)


def test_repeated_limits_are_stored_once_and_a_change_of_one_window_alone() -> None:
    both = {"primary": FIVE_HOURS, "secondary": WEEK}
    fuller = {"primary": window(63.0, resets_at=1_795_250_000), "secondary": WEEK}
    assert [used for _, used, _ in shown(both, both, fuller, fuller)] == [62.0, 18.5, 63.0]


def test_a_new_window_with_the_same_use_is_stored() -> None:
    again = window(62.0, resets_at=1_795_268_000)
    assert len(shown({"primary": FIVE_HOURS}, {"primary": again})) == 2


def test_seconds_until_the_reset_count_from_the_line() -> None:
    (found,) = shown({"primary": window(24.0, 299, resets_in_seconds=600), "secondary": None})
    assert found[:2] == (300, 24.0)
    assert found[2] is not None
    assert found[2].endswith(":00.000Z")


def test_the_flat_form_of_old_releases_is_read() -> None:
    flat = {
        "primary_used_percent": 4.0, "primary_window_minutes": 300,
        "secondary_used_percent": 15.0, "secondary_window_minutes": 10_079,
        "primary_to_secondary_ratio_percent": 3.0,
    }  # fmt: skip
    assert shown(flat) == [(300, 4.0, None), (10_080, 15.0, None)]


def test_an_account_with_a_weekly_window_only_has_one() -> None:
    assert shown({"primary": WEEK, "secondary": None}) == [
        (10_080, 18.5, "2026-11-26T13:33:20.000Z")
    ]


def test_a_use_above_100_percent_is_stored_as_reported() -> None:
    assert shown({"primary": window(104.0)}) == [(300, 104.0, None)]


def test_buckets_are_kept_apart() -> None:
    spark = {"limit_id": "codex_spark", "primary": window(5.0)}
    uses = limits({"limit_id": "codex", "primary": window(5.0)}, spark, spark)
    assert [use.bucket for use in uses] == ["codex", "codex_spark"]


@pytest.mark.parametrize(
    "nonsense",
    [
        None, [], "full", 7, {}, {"primary": None, "secondary": None}, {"primary": "full"},
        {"primary": {}}, {"primary": window("62")}, {"primary": window(-1)},
        {"primary": window(float(10**9))}, {"primary": window(None)},
    ],
)  # fmt: skip
def test_nonsense_stores_nothing_and_rejects_no_line(nonsense: Any) -> None:
    folded = fold(meta(), count(nonsense))
    assert folded.facts.limits == []
    assert folded.facts.rejects == []


def test_impossible_numbers_beside_a_use_are_left_out() -> None:
    assert shown({"primary": window(1.0, 10**30, resets_at=10**18)}) == [(None, 1.0, None)]


def test_limits_that_were_stored_before_are_not_stored_again_by_the_next_slice() -> None:
    # The state between two slices is stored as JSON.
    first = fold(meta(), count({"primary": FIVE_HOURS}))
    stored = msgspec.json.encode(first.state)
    state = msgspec.json.decode(stored, type=FoldState)
    assert fold(count({"primary": FIVE_HOURS}), state=state).facts.limits == []
