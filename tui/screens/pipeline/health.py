"""How Tailboard itself does: backlog, commits, what was read, disk usage, what could be deleted."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from ingest.db.query_reader import QueryReader
from ingest.report.batch import Policy
from ingest.report.period import Period
from ingest.report.report import Removable, Report, build_report, list_removable
from ingest.text.numbers import bar, size, sparkline
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing

_PERIOD: Final = timedelta(days=7)
_BAR_WIDTH: Final = 24


class Health(InMemoryListing):
    columns = (
        Column("measure", "Measure", 16, grow=1),
        Column("value", "Last 7 days", 22, grow=1),
        Column("course", "Course", 12, grow=1, drop_order=1, sorts=False),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._policy = policy

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        now = self._policy().moment
        report = build_report(reader, Period("the last 7 days", now - _PERIOD), None)
        return [*_reading(report), *_disk(report), *map(_removable, list_removable(reader, now))]


def _reading(report: Report) -> Iterator[ListRow]:
    running, series = report.running, report.series
    minute = running.landings_per_minute
    often = f", {minute:.1f} per minute" if minute is not None else ""
    ratio = running.read_amplification
    database = series[-1]["database_bytes"] if series else 0
    for name, value, column in (
        ("Backlog", f"now {size(running.behind_bytes)}, at most {size(running.behind_peak_bytes)}",
         "behind_bytes"),
        ("Commits", f"{running.landings:,}{often}", "landings"),
        ("New bytes read", size(running.bytes_new), "bytes_new"),
        ("Bytes read per new byte", "–" if ratio is None else f"{ratio:.2f}", ""),
        ("Failed batches", f"{running.failures:,} of {running.batches:,}", "failures"),
        ("Database", size(database), "database_bytes"),
    ):  # fmt: skip
        course = sparkline([row[column] for row in series]) if column else ""
        yield ListRow(name, (name, value, Styled(course, "blue")), f"{name}: {value}\n{course}")


def _disk(report: Report) -> Iterator[ListRow]:
    total = sum(item.bytes for item in report.disk)
    for item in report.disk:
        share = item.bytes / total if total else 0.0
        name, value = f"Files: {item.name}", f"{size(item.bytes)}, {share:.0%}"
        shown = Styled(bar(share, 1, width=_BAR_WIDTH), "blue")
        yield ListRow(name, (name, value, shown), f"{name}: {value}")


def _removable(item: Removable) -> ListRow:
    name = f"Deletable: {item.what.replace('_', ' ')}"
    value = f"{item.items:,}" + ("" if item.bytes is None else f", {size(item.bytes)}")
    return ListRow(
        name, (name, value, Styled(item.advice, "dim")), f"{name}: {value}\n{item.advice}"
    )
