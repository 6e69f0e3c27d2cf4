"""The figures behind the charts of Insights."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import EmptyReader, Query, Row
from ingest.report.insights import MODELS, OTHERS, load_insights, step_begins
from ingest.report.period import Period
from tests.faults.fault_harness import FaultHarness

DAY = 24 * 3_600_000


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    harness = FaultHarness(tmp_path)
    harness.session("plan")
    harness.home.clock.tick(2 * DAY)
    harness.session("chat")
    return harness


def spent(local: LocalReader) -> int:
    """The sum of all tokens."""
    return int(local.sql("select sum(total) from v_usage").rows[0][0])


def test_days_have_no_gaps_and_include_all_tokens(harness: FaultHarness) -> None:
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        now = datetime(2026, 11, 24)
        found = load_insights(local, Period(""), now, UTC)
        assert found.tokens.days == [date(2026, 11, day) for day in (21, 22, 23, 24)]
        assert sum(map(sum, found.tokens.totals)) == spent(local)
        assert all(len(days) == 4 for days in found.tokens.totals)
        assert sum(found.spreads["tokens_per_turn"]) == 2
        assert sum(one.turns for one in found.outcomes) == 2
        assert found.report.sessions == 2


def test_a_day_that_is_years_away_does_not_stretch_the_picture(harness: FaultHarness) -> None:
    harness.home.clock.tick(3650 * DAY)
    harness.session("partial")
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        found = load_insights(local, Period(""), datetime(2026, 11, 24), UTC)
        assert found.tokens.days == [date(2026, 11, day) for day in (21, 22, 23, 24, 25)]
        assert sum(map(sum, found.tokens.totals)) == spent(local)


def test_a_period_has_all_its_days_and_nothing_else(harness: FaultHarness) -> None:
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        period = Period("", datetime(2026, 11, 22), datetime(2026, 11, 25))
        found = load_insights(local, period, datetime(2026, 12, 1), UTC)
        assert [day.day for day in found.tokens.days] == [22, 23, 24]
        assert found.report.sessions == 1
        assert sum(one.turns for one in found.outcomes) == 1


@pytest.mark.parametrize("first", ["2006-11-18", "1970-01-03"])
def test_a_day_before_the_first_codex_does_not_stretch_the_picture(
    harness: FaultHarness, first: str
) -> None:
    """A clock without a battery restarts at a day long ago."""
    session = harness.session("partial")
    session.path.write_bytes(session.bytes().replace(b"2026-11-23", first.encode()))
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        assert str(local.sql("select min(time)::date from v_usage").rows[0][0]) == first
        found = load_insights(local, Period(""), datetime(2026, 11, 24), UTC)
        assert found.tokens.days == [date(2026, 11, day) for day in (21, 22, 23, 24)]
        assert sum(map(sum, found.tokens.totals)) == spent(local)


@pytest.mark.parametrize("period", [Period(""), Period("", datetime(2026, 11, 20))])
def test_a_clock_that_is_behind_hides_no_tokens(harness: FaultHarness, period: Period) -> None:
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        found = load_insights(local, period, datetime(2026, 11, 18), UTC)
        assert len(found.tokens.days) == 1
        assert sum(map(sum, found.tokens.totals)) == spent(local)


def test_a_turn_that_ended_before_it_began_has_no_duration(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session("g3", "0.110.0")
    session.prompt("Begin")
    session.say("Begun.")
    session.settle()
    harness.home.clock.ms -= DAY
    session.end_turn("Done.")
    session.write()
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        ((began, ended, seconds),) = local.sql(
            "select started_at, ended_at, seconds from v_turns"
        ).rows
        assert ended < began
        assert seconds is None
        found = load_insights(local, Period(""), datetime(2026, 11, 24), UTC)
        assert found.spreads["turn_seconds"] == []


def test_a_failed_turn_without_a_message_shows_its_error_code(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("Begin")
    session.fail_turn("", "usage_limit_exceeded")
    session.write()
    harness.read()
    with harness.open() as database:
        (turn,) = database.rows("insights.ended_badly", since=None, until=None, limit=5)
        assert turn["error"] == "usage_limit_exceeded"


def test_an_empty_database_has_no_days(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.read()
    with harness.open() as database:
        found = load_insights(LocalReader(database), Period(""), datetime(2026, 11, 24), UTC)
        assert (found.tokens.days, found.outcomes) == ([], [])
        assert not any(found.spreads.values())


class Many(EmptyReader):
    """A database with more models than are shown by name."""

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        return [self._rows(name) for name, _ in queries]

    def _rows(self, name: str) -> list[Row]:
        if name == "insights.time":
            return [dict.fromkeys(("asked", "commands", "tools", "turns", "until_next"), 0)]
        if name != "insights.tokens":
            return []
        time = datetime(2026, 11, 21, 12)
        return [{"time": time, "model": f"m{n}", "total": 10 - n} for n in range(MODELS + 2)]


def test_models_with_few_tokens_are_combined() -> None:
    found = load_insights(Many(Path()), Period(""), datetime(2026, 11, 21, 13), UTC)
    assert found.tokens.models == ["m0", "m1", "m2", OTHERS]
    assert found.tokens.totals == [[10], [9], [8], [7 + 6 + 5]]


def test_three_steps_are_ten_times_as_much() -> None:
    assert [step_begins(step) for step in range(7)] == [1, 2, 5, 10, 20, 50, 100]
