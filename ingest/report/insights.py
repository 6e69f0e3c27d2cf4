"""Loads the figures for the charts of a period in the dashboard."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.report.period import Period
from ingest.report.report import Removable, Report, build_report, list_removable
from ingest.text.times import local_day

MODELS: Final = 4
"""Most models to list, the last of which may be `OTHERS`."""
OTHERS: Final = "others"
CODEX_BEGAN: Final = date(2025, 4, 1)
"""Release of the first Codex: earlier times come from a wrong clock."""
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


class Insights(Struct, frozen=True):
    report: Report
    tokens: Tokens
    spreads: dict[str, list[int]]
    """By name: how many turns there are in each step; `step_begins` says where it begins."""
    outcomes: list[Outcome]
    could_go: list[Removable]


def load_insights(
    access: NamedQueries, period: Period, now: datetime, zone: tzinfo | None = None
) -> Insights:
    """`now` is naive UTC."""
    limits = {"since": period.since, "until": period.until}
    return Insights(
        build_report(access, period, zone),
        _tokens(access.rows("insights.tokens", **limits), period, now, zone),
        _spreads(access.rows("insights.spreads", **limits)),
        [Outcome(**row) for row in access.rows("insights.outcomes", **limits)],
        list_removable(access, now),
    )


def step_begins(step: int) -> float:
    """1, 2, 5, 10, 20, 50, 100 …"""
    return float((1, 2, 5)[step % 3] * 10 ** (step // 3))


def _tokens(rows: Iterable[Row], period: Period, now: datetime, zone: tzinfo | None) -> Tokens:
    spent: dict[str, dict[date, int]] = {}
    for row in rows:
        days = spent.setdefault(row["model"], {})
        day = local_day(row["time"], zone)
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
    today = local_day(ended, zone)
    # A wrong clock must not stretch the chart over years: its tokens are added to the first or last
    # day.
    last = min(max(*every, today), today + timedelta(days=1))
    known = min((day for day in every if day >= CODEX_BEGAN), default=last)
    first = local_day(period.since, zone) if period.since else known
    last = max(first, last)
    days_in_row = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    totals = [[0] * len(days_in_row) for _ in ranked]
    for model, course in zip(ranked, totals, strict=True):
        for day, total in spent[model].items():
            course[(min(max(day, first), last) - first).days] += total
    return Tokens(days_in_row, ranked, totals)


def _spreads(rows: Iterable[Row]) -> dict[str, list[int]]:
    values: dict[str, list[int]] = {name: [] for name in HISTOGRAMS}
    for row in rows:
        counts = values[row["name"]]
        counts += [0] * (row["step"] + 1 - len(counts))
        counts[row["step"]] = row["turns"]
    return values
