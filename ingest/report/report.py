"""Builds the report of a period: throughput, distributions, coverage and disk usage."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries, Query, QueryReader, Row
from ingest.report.disk import Disk, sum_by_class
from ingest.report.period import Period
from ingest.text.times import bucket_minutes, local_day

MAX_BUCKETS = 48
"""Most values of a sparkline: this many characters fit every terminal."""
OLD = timedelta(days=90)
STALE_SHOWN = 20
_LOOKS = ("unchanged", "nothing_new", "begun", "appended", "reread", "rewritten")
_SUMS = ("landings", "batches", "failures", "batch_seconds", "bytes_read", "bytes_new", "lines")
_COVERED = ("git", "title", "plan", "tag")
# Lengths of a bucket, in seconds.
_WIDTHS = (60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400, 28 * 86_400)


class Running(Struct, kw_only=True):
    """Throughput over all samples of the period."""

    samples: int = 0
    seconds: float = 0.0
    landings: int = 0
    batches: int = 0
    failures: int = 0
    batch_seconds: float = 0.0
    slowest_seconds: float = 0.0
    bytes_read: int = 0
    bytes_new: int = 0
    lines: int = 0
    behind_peak_bytes: int = 0
    behind_bytes: int = 0
    stale_sources: int = 0
    cursors: dict[str, int]

    @property
    def landings_per_minute(self) -> float | None:
        """None for less than a minute of samples, which would be extrapolation."""
        return self.landings * 60 / self.seconds if self.seconds >= 60 else None

    @property
    def bytes_per_second(self) -> float | None:
        return self.bytes_new / self.seconds if self.seconds else None

    @property
    def read_amplification(self) -> float | None:
        """Bytes read per new byte; 1 is perfect."""
        return self.bytes_read / self.bytes_new if self.bytes_new else None


class Distribution(Struct, frozen=True):
    name: str
    unit: str
    count: int
    p50: float
    p90: float
    p99: float
    max: float
    mean: float


class Covered(Struct, frozen=True):
    name: str
    sessions: int
    share: float


class Removable(Struct, frozen=True):
    """Data that could be removed, and by whom."""

    what: str
    items: int
    bytes: int | None
    whose: str
    advice: str


class Day(Struct):
    day: str
    sessions: int = 0
    bytes: int = 0


class Report(Struct):
    period: Period
    running: Running
    series: list[Row]
    width_seconds: int
    distributions: list[Distribution]
    sessions: int
    coverage: list[Covered]
    disk: list[Disk]
    growth: list[Day]


def build_report(access: QueryReader, period: Period, zone: tzinfo | None) -> Report:
    limits = {"since": period.since, "until": period.until}
    *answers, sizes, grown, spans = access.run_consistent(
        [
            *session_queries(period),
            ("report.size_distributions", _chosen(period)),
            ("report.grown", {**limits, "minutes": bucket_minutes(zone)}),
            ("report.span", limits),
        ]
    )
    report = session_report(period, answers)
    samples, width, series = _series(access, limits, spans[0] if spans else {})
    return replace(
        report,
        distributions=_distributions(report.distributions, sizes),
        running=_running(series, samples),
        series=series,
        width_seconds=width,
        growth=_growth(grown, zone),
    )


def session_queries(period: Period) -> list[Query]:
    """What `session_report` is made from."""
    names = ("report.distributions", "report.coverage", "report.kinds")
    return [(name, _chosen(period)) for name in names]


def session_report(period: Period, answers: Sequence[list[Row]]) -> Report:
    """The report without how Tailboard ran and what it stores, and without the distributions of
    messages and batches, from the answers to `session_queries`."""
    spreads, coverage, kinds = answers
    covered: Row = coverage[0] if coverage else {}
    sessions = covered.get("sessions", 0)
    return Report(
        period,
        _running([], 0),
        [],
        0,
        _distributions([], spreads),
        sessions,
        [
            Covered(
                name, covered.get(name, 0), covered.get(name, 0) / sessions if sessions else 0.0
            )
            for name in _COVERED
        ],
        sum_by_class(kinds),
        [],
    )


def _chosen(period: Period) -> dict[str, Any]:
    return {"since": period.since, "until": period.until, "version": period.version}


def _distributions(known: Iterable[Distribution], rows: Iterable[Row]) -> list[Distribution]:
    return sorted([*known, *(Distribution(**row) for row in rows)], key=lambda one: one.name)


def list_removable(access: NamedQueries, now: datetime) -> list[Removable]:
    """Data old enough to remove. Tailboard never removes Codex's own files."""
    old = f"{OLD.days}d"
    descriptions = {
        "batch_history": ("tailboard", f"tailboard prune --older-than {old} --dry-run"),
        "archived_facts": ("tailboard", f"tailboard prune --older-than {old} --facts --dry-run"),
        "archived_files": (
            "codex",
            "These are Codex's files; only Codex or you can compress or delete them.",
        ),
        "copied_history": (
            "codex",
            "Codex copies it into each fork; Tailboard stores it only once.",
        ),
    }
    rows = access.rows("report.could_go", before=now - OLD)
    return [
        Removable(row["what"], row["items"], row["bytes"], *descriptions[row["what"]])
        for row in rows
        if row["items"]
    ]


def list_tables(access: NamedQueries) -> list[Row]:
    return [row for row in access.rows("report.tables") if row["rows"] or row["bytes"]]


def list_stale(access: NamedQueries) -> list[Row]:
    return access.rows("report.stale", limit=STALE_SHOWN)


def bucket_seconds(seconds: float) -> int:
    """The length of a bucket, so that there are at most `MAX_BUCKETS`."""
    least = seconds / MAX_BUCKETS
    return next((width for width in _WIDTHS if width >= least), math.ceil(least / 60) * 60)


def _series(
    access: NamedQueries, limits: dict[str, datetime | None], span: Row
) -> tuple[int, int, list[Row]]:
    if not span.get("samples"):
        return 0, _WIDTHS[0], []
    width = bucket_seconds((span["last"] - span["first"]).total_seconds())
    return span["samples"], width, access.rows("report.series", width=width, **limits)


def _running(series: Sequence[Row], samples: int) -> Running:
    running = Running(
        samples=samples, cursors={check: sum(row[check] for row in series) for check in _LOOKS}
    )
    if series:
        for name in _SUMS:
            setattr(running, name, sum(row[name] for row in series))
        running.seconds = sum(row["seconds"] for row in series)
        running.slowest_seconds = max(row["slowest_seconds"] for row in series)
        running.behind_peak_bytes = max(row["behind_bytes"] for row in series)
        running.behind_bytes = series[-1]["behind_at_end"]
        running.stale_sources = series[-1]["stale_sources"]
    return running


def _growth(rows: Iterable[Row], zone: tzinfo | None) -> list[Day]:
    days: dict[str, Day] = {}
    for row in rows:
        if row["time"] is not None:
            name = local_day(row["time"], zone).isoformat()
            day = days.setdefault(name, Day(name))
            day.sessions += row["sessions"]
            day.bytes += row["bytes"]
    return list(days.values())
