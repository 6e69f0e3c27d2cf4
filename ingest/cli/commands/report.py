"""`tailboard report`: throughput, typical values, coverage and disk usage."""

import click
from msgspec.structs import asdict

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Column, Output, StyledCell
from ingest.cli.scope import scope_of
from ingest.db.query_reader import QueryReader, Row
from ingest.errors import InvalidPeriod
from ingest.report import report as reporting
from ingest.report.comparison import Change, compare
from ingest.report.disk import Disk
from ingest.report.period import Period, parse_period
from ingest.report.report import Report
from ingest.text import numbers
from ingest.text.numbers import pluralize, size
from ingest.text.times import duration

_DAYS_SHOWN = 14
_TABLES_SHOWN = 8
_RIGHT = Column("", right=True)
_DRAWN = Column("")


@click.command(cls=Command)
@click.option("--before", metavar="PERIOD", help="Compare this period or version")
@click.option("--after", metavar="PERIOD", help="with this one: FROM..TO, a day, or 0.91.0.")
@filters("since", "until")
@with_invocation
def command(invocation: Invocation, before: str | None, after: str | None, only: Filters) -> None:
    """Samples are recorded while `tailboard ingest` runs, at most once a minute. Removable data is
    only listed; nothing is deleted.
    """
    if (before is None) != (after is None):
        raise click.UsageError("--before and --after must be used together.")
    if before is not None and (only.since or only.until):
        raise click.UsageError("--before and --after cannot be combined with --since and --until.")
    with open_for_reading(invocation) as access:
        if before is not None and after is not None:
            _compare(
                invocation,
                access,
                _period(invocation, before, "--before"),
                _period(invocation, after, "--after"),
            )
        else:
            scope = scope_of(invocation, access, only)
            _report(invocation, access, Period("", scope.since, scope.until))


def _period(invocation: Invocation, text: str, option: str) -> Period:
    try:
        return parse_period(text, invocation.aware_now, invocation.zone)
    except InvalidPeriod as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _report(invocation: Invocation, access: QueryReader, period: Period) -> None:
    report = reporting.build_report(access, period, invocation.zone)
    tables, stale = reporting.list_tables(access), reporting.list_stale(access)
    could_go = reporting.list_removable(access, invocation.now)
    body = {
        **_body(report),
        "tables": tables,
        "stale": stale,
        "could_go": could_go,
    }

    def show(output: Output) -> None:
        _show_running(output, report)
        if not (report.series or report.sessions):
            return
        _show_distributions(output, report)
        _show_coverage(output, report)
        _show_disk(output, report, could_go)
        _show_growth(output, report, tables)
        if stale:
            output.line()
            output.line(StyledCell("stale", "bold"), pluralize(len(stale), "source"))
            columns = [
                Column("BEHIND", right=True),
                Column("STATE"),
                Column("PATH", least=20, end=True),
            ]
            rows = [[size(row["behind"]), output.state(row["state"]), row["path"]] for row in stale]
            output.table(columns, rows)

    invocation.answer("report", body, show)


def _body(report: Report) -> dict[str, object]:
    running = report.running
    return {
        "period": report.period,
        "running": {
            **asdict(running),
            "landings_per_minute": running.landings_per_minute,
            "bytes_per_second": running.bytes_per_second,
            "read_amplification": running.read_amplification,
        },
        "width_seconds": report.width_seconds,
        "series": report.series,
        "distributions": {item.name: item for item in report.distributions},
        "coverage": {
            "sessions": report.sessions,
            **{
                item.name: {"sessions": item.sessions, "share": item.share}
                for item in report.coverage
            },
        },
        "disk": report.disk,
        "growth": report.growth,
    }


def _show_running(output: Output, report: Report) -> None:
    running, series = report.running, report.series
    if not series:
        output.line("No samples in this period: they are recorded while `tailboard ingest` runs.")
        return
    width = duration(report.width_seconds)
    output.line(StyledCell("throughput", "bold"), f"one character is {width}")
    rate = f"{size(int(running.bytes_per_second or 0))} per second"
    per_minute = running.landings_per_minute
    frequency = f"{per_minute:.1f} per minute, " if per_minute is not None else ""
    flushes = f"{frequency}{running.landings:,} in total"
    backlog = f"peak {size(running.behind_peak_bytes)}, now {size(running.behind_bytes)}"
    amplified = running.read_amplification
    per_new_byte = f", {amplified:.2f} bytes per new byte" if amplified else ""
    checks = [
        f"{count:,} {check.replace('_', ' ')}" for check, count in running.cursors.items() if count
    ]
    output.fields(
        [
            ("backlog", f"{_sparkline(output, series, 'behind_bytes')}  {backlog}"),
            ("flushes", f"{_sparkline(output, series, 'landings')}  {flushes}"),
            ("ingest", f"{_sparkline(output, series, 'bytes_new')}  {rate}"),
            ("new", f"{size(running.bytes_new)} in {pluralize(running.batches, 'batch')}"),
            ("read", f"{size(running.bytes_read)}{per_new_byte}"),
            ("cursors", ", ".join(checks) or "none checked"),
            ("slowest batch", _figure(running.slowest_seconds, "seconds")),
            ("failed attempts", f"{running.failures:,}"),
        ]
    )


def _sparkline(output: Output, series: list[Row], name: str) -> str:
    return numbers.sparkline([row[name] for row in series], ascii=output.ascii)


def _show_distributions(output: Output, report: Report) -> None:
    output.line()
    if not report.distributions:
        output.line("Nothing to measure in this period.")
        return
    titles = ("P50", "P90", "P99", "MAX", "COUNT")
    output.table(
        [Column("DISTRIBUTION"), *(Column(title, right=True) for title in titles)],
        [
            [
                distribution.name.replace("_", " "),
                *(
                    _figure(value, distribution.unit)
                    for value in (
                        distribution.p50,
                        distribution.p90,
                        distribution.p99,
                        distribution.max,
                    )
                ),
                distribution.count,
            ]
            for distribution in report.distributions
        ],
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "seconds":
        return duration(value) if value >= 1 else f"{value * 1000:.3g} ms"
    if unit.startswith("bytes"):
        return size(int(value))
    if unit == "share":
        return f"{value:.0%}"
    return f"{value:,.2f}" if unit == "ratio" else f"{value:,.0f}"


def _show_coverage(output: Output, report: Report) -> None:
    output.line()
    output.table(
        [Column(f"OF {pluralize(report.sessions, 'session').upper()}"), _RIGHT, _DRAWN],
        [
            [
                f"with {item.name}",
                f"{item.share:.0%}",
                numbers.bar(item.share, 1.0, ascii=output.ascii),
            ]
            for item in report.coverage
        ],
    )


def _show_disk(output: Output, report: Report, could_go: list[reporting.Removable]) -> None:
    output.line()
    most = max((item.bytes for item in report.disk), default=0)
    output.table(
        [Column("CODEX'S FILES"), _RIGHT, _DRAWN],
        [
            [item.name, size(item.bytes), numbers.bar(item.bytes, most, ascii=output.ascii)]
            for item in (
                *report.disk,
                Disk("total", bytes=sum(item.bytes for item in report.disk)),
            )
        ],
    )
    if could_go:
        output.line()
        output.line(StyledCell("removable", "bold"), f"older than {reporting.OLD.days} days")
        columns = [Column("WHAT"), Column("ITEMS", right=True), Column("SIZE", right=True)]
        output.table(
            [*columns, Column("HOW", least=20)],
            [
                [
                    item.what.replace("_", " "),
                    item.items,
                    "" if item.bytes is None else size(item.bytes),
                    item.advice,
                ]
                for item in could_go
            ],
        )


def _show_growth(output: Output, report: Report, tables: list[Row]) -> None:
    days = report.growth[-_DAYS_SHOWN:]
    if days:
        output.line()
        most = max(day.bytes for day in days)
        output.table(
            [Column("STARTED ON"), Column("SESSIONS", right=True), _RIGHT, _DRAWN],
            [
                [
                    day.day,
                    day.sessions,
                    size(day.bytes),
                    numbers.bar(day.bytes, most, ascii=output.ascii),
                ]
                for day in days
            ],
        )
    if tables:
        output.line()
        columns = [Column("TABLE"), Column("ROWS", right=True), Column("SIZE", right=True)]
        rows = [[row["name"], row["rows"], size(row["bytes"])] for row in tables[:_TABLES_SHOWN]]
        output.table(columns, rows)


def _compare(invocation: Invocation, access: QueryReader, before: Period, after: Period) -> None:
    first = reporting.build_report(access, before, invocation.zone)
    last = reporting.build_report(access, after, invocation.zone)
    changes = compare(first, last)
    body = {
        "before": _body(first),
        "after": _body(last),
        "changes": [{**asdict(change), "ratio": change.ratio} for change in changes],
    }

    def show(output: Output) -> None:
        columns = [
            Column("FIGURE"),
            Column(before.name, right=True),
            Column(after.name, right=True),
        ]
        output.table([*columns, Column("CHANGE", right=True)], [_row(change) for change in changes])

    invocation.answer("report.compare", body, show)


def _row(change: Change) -> list[str]:
    return [
        change.name.replace("_", " "),
        _figure(change.before, change.unit),
        _figure(change.after, change.unit),
        "" if change.ratio is None else f"{change.ratio - 1:+.0%}",
    ]
