"""Compares the figures of two reports. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from ingest.report.report import Report


class Change(Struct, frozen=True):
    name: str
    unit: str
    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """After divided by before; None if either is missing."""
        return self.after / self.before if self.before and self.after is not None else None


def compare(before: Report, after: Report) -> list[Change]:
    first, last = dict(_figures(before)), dict(_figures(after))
    return [
        Change(name, unit, first.get((name, unit)), last.get((name, unit)))
        for name, unit in {**first, **last}
    ]


def _figures(report: Report) -> Iterator[tuple[tuple[str, str], float | None]]:
    yield ("sessions", "sessions"), report.sessions
    for covered in report.coverage:
        yield (f"with_{covered.name}", "share"), covered.share if report.sessions else None
    for distribution in report.distributions:
        for figure in ("p50", "p90", "p99"):
            yield (
                (f"{distribution.name}.{figure}", distribution.unit),
                getattr(distribution, figure),
            )
    for disk in report.disk:
        yield (f"disk.{disk.name.replace(' ', '_')}", "bytes"), disk.bytes
    if report.period.version is not None:
        return  # Samples are by time, so they say nothing about a version of Codex.
    running = report.running
    yield ("read_amplification", "ratio"), running.read_amplification
    yield ("landings_per_minute", "landings"), running.landings_per_minute
    yield ("ingest_rate", "bytes a second"), running.bytes_per_second
    yield ("behind_peak", "bytes"), running.behind_peak_bytes if running.samples else None
    yield ("failures", "batches"), running.failures if running.samples else None
