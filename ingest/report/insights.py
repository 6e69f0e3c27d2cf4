"""Loads the figures for the charts of a period in the dashboard."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from ingest.codex.facts import MAIN_BUCKET
from ingest.db.query_reader import QueryReader, Row
from ingest.report.period import Period
from ingest.report.report import Report, session_queries, session_report
from ingest.text.times import bucket_minutes

MODELS: Final = 4
"""Most models to list, the last of which may be `OTHERS`."""
OTHERS: Final = "others"
CODEX_BEGAN: Final = date(2025, 4, 1)
"""Release of the first Codex: earlier times come from a wrong clock."""
PATIENCE: Final = 1800
"""Seconds; after a longer pause, the person was away and did not wait."""
PROGRAMS: Final = 8
HISTOGRAMS: Final = ("tokens_per_turn", "turn_seconds")


class Tokens(Struct, frozen=True):
    """Tokens by day, without gaps between days."""

    days: list[date]
    models: list[str]
    """Most tokens first."""
    totals: list[list[int]]
    """By model, then by day."""


class Outcome(Struct, frozen=True):
    state: str
    turns: int


class Window(Struct, frozen=True):
    """The highest use on each day of a window of the account's limits, or of the context of a
    session; None where none is known."""

    minutes: int | None
    days: list[date]
    percents: list[float | None]


class TimeUse(Struct, frozen=True):
    """Where the time of turns went, in seconds."""

    model: float
    commands: float
    tools: float
    waiting: float
    """For people: questions, and until the next prompt where it came within `PATIENCE`."""


class Program(Struct, frozen=True):
    """A program whose commands failed, and how long one run typically takes."""

    program: str
    runs: int
    failed: int
    seconds: float | None


class Insights(Struct, frozen=True):
    report: Report
    tokens: Tokens
    spreads: dict[str, list[int]]
    """By name: how many turns there are in each step; `step_begins` says where it begins."""
    outcomes: list[Outcome]
    windows: list[Window]
    context: Window | None
    time: TimeUse
    programs: list[Program]
    hours: list[list[int]]
    """Tokens by weekday, from Monday, and by hour."""


def load_insights(
    access: QueryReader, period: Period, now: datetime, zone: tzinfo | None = None
) -> Insights:
    """`now` is naive UTC."""
    limits = {"since": period.since, "until": period.until}
    parts = {**limits, "minutes": bucket_minutes(zone)}
    tokens, spreads, outcomes, windows, context, spent, programs, *answers = access.run_consistent(
        [
            ("insights.tokens", parts),
            ("insights.spreads", limits),
            ("insights.outcomes", limits),
            ("insights.limits", {**parts, "bucket": MAIN_BUCKET}),
            ("insights.context", parts),
            ("insights.time", {**limits, "patience": PATIENCE}),
            ("insights.programs", {**limits, "limit": PROGRAMS}),
            *session_queries(period),
        ]
    )
    local = _LocalTimes(zone)
    return Insights(
        session_report(period, answers),
        _tokens(tokens, period, now, local),
        _spreads(spreads),
        [Outcome(**row) for row in outcomes],
        _windows(windows, local),
        next(iter(_windows(context, local)), None),
        _time_use(spent[0]),
        [Program(**row) for row in programs],
        _hours(tokens, local),
    )


def step_begins(step: int) -> float:
    """1, 2, 5, 10, 20, 50, 100 …"""
    return float((1, 2, 5)[step % 3] * 10 ** (step // 3))


class _LocalTimes(dict[datetime, datetime]):
    """The local times of naive UTC ones. Several charts show the same hours, thousands of them."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, moment: datetime) -> datetime:
        local = self[moment] = moment.replace(tzinfo=UTC).astimezone(self._zone)
        return local


def _tokens(rows: Iterable[Row], period: Period, now: datetime, local: _LocalTimes) -> Tokens:
    spent: dict[str, dict[date, int]] = {}
    for row in rows:
        days = spent.setdefault(row["model"], {})
        day = local[row["time"]].date()
        days[day] = days.get(day, 0) + row["total"]
    if not spent:
        return Tokens([], [], [])
    ranked = sorted(spent, key=lambda model: (-sum(spent[model].values()), model))
    if len(ranked) > MODELS:
        others: dict[date, int] = {}
        for model in ranked[MODELS - 1 :]:
            for day, total in spent[model].items():
                others[day] = others.get(day, 0) + total
        ranked = [*ranked[: MODELS - 1], OTHERS]
        spent[OTHERS] = others
    every = [day for days in spent.values() for day in days]
    # The end of a period is exclusive.
    ended = period.until - timedelta(microseconds=1) if period.until else now
    today = local[ended].date()
    # A wrong clock must not stretch the chart over years: its tokens are added to the first or last
    # day.
    last = min(max(*every, today), today + timedelta(days=1))
    known = min((day for day in every if day >= CODEX_BEGAN), default=last)
    first = local[period.since].date() if period.since else known
    last = max(first, last)
    days_in_row = _days(first, last)
    totals = [[0] * len(days_in_row) for _ in ranked]
    for model, course in zip(ranked, totals, strict=True):
        for day, total in spent[model].items():
            course[(min(max(day, first), last) - first).days] += total
    return Tokens(days_in_row, ranked, totals)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _windows(rows: Iterable[Row], local: _LocalTimes) -> list[Window]:
    used: dict[int | None, dict[date, float]] = {}
    for row in rows:
        days = used.setdefault(row["window_minutes"], {})
        day = local[row["time"]].date()
        days[day] = max(days.get(day, 0.0), row["used"])
    windows = []
    for minutes, by_day in used.items():
        days_in_row = _days(min(by_day), max(by_day))
        windows.append(Window(minutes, days_in_row, [by_day.get(day) for day in days_in_row]))
    return windows


def _time_use(row: Row) -> TimeUse:
    asked, commands, tools = row["asked"], row["commands"], row["tools"]
    model = max(0.0, row["turns"] - asked - commands - tools)
    return TimeUse(model, commands, tools, asked + row["until_next"])


def _hours(rows: Iterable[Row], local: _LocalTimes) -> list[list[int]]:
    hours = [[0] * 24 for _ in range(7)]
    for row in rows:
        time = local[row["time"]]
        hours[time.weekday()][time.hour] += row["total"]
    return hours


def _spreads(rows: Iterable[Row]) -> dict[str, list[int]]:
    values: dict[str, list[int]] = {name: [] for name in HISTOGRAMS}
    for row in rows:
        counts = values[row["name"]]
        counts += [0] * (row["step"] + 1 - len(counts))
        counts[row["step"]] = row["turns"]
    return values
