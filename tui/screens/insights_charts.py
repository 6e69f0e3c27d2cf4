"""The charts of Insights as lines. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from textual.content import Content

from ingest.report.comparison import Change
from ingest.report.insights import Insights, step_begins
from ingest.report.report import Distribution
from ingest.text import numbers
from ingest.text.numbers import pluralize, size
from ingest.text.times import duration
from tui import charts, content

_NONE: Final = "none in this period"
HEIGHT: Final = 7
LOW_HEIGHT: Final = 4
_NAME_WIDTH: Final = 18
_VALUE_WIDTH: Final = 18
"""Columns for the name of a bar, and for the text behind it."""
_SESSION_MEASURES: Final = (
    "sessions", "with_", "tokens_per_turn", "output_tokens", "turn_", "command_", "disk.",
)  # fmt: skip
_COVERAGE_NAMES: Final = {
    "plan": "with a plan",
    "git": "in a repository",
    "title": "with a title",
    "tag": "with a tag",
}


def spending(data: Insights, width: int, scale_with: Insights | None = None) -> list[Content]:
    """Tokens, lengths and outcomes of turns, on a scale that also fits `scale_with`."""
    if not (data.report.sessions or data.outcomes or data.tokens.days):
        return [
            Content("No sessions in this period."),
            content.line("T chooses another one.", "dim"),
        ]
    return [
        *_tokens(data, width, scale_with),
        *_distribution(data, "tokens_per_turn", "Tokens per turn", _short_count, width, scale_with),
        *_distribution(data, "turn_seconds", "Length of turns", _short_duration, width, scale_with),
        *_outcomes(data, width),
        *_coverage(data, width),
    ]


def running(data: Insights, width: int) -> list[Content]:
    """Throughput and disk usage."""
    return [*_throughput(data, width), *_disk(data, width), *_deletable(data)]


def changes(compared: Sequence[Change], names: tuple[str, str]) -> list[Content]:
    """How the measures of sessions changed between two periods."""
    lines = [_title("Changes", f"{names[0]} → {names[1]}")]
    for change in compared:
        # Measures of Tailboard itself are compared by `tailboard report --before`.
        if not change.name.startswith(_SESSION_MEASURES) or change.name.endswith(".p99"):
            continue
        ratio = "" if change.ratio is None else f"{change.ratio - 1:+.0%}"
        before, after = (_format(value, change.unit) for value in (change.before, change.after))
        lines.append(
            content.row(
                _name(change.name.replace("_", " ").replace(".", " "), 26),
                content.block(f"{before:>10} → {after:<10}"),
                content.line(ratio, "bold"),
            )
        )
    return lines


def _title(title: str, text: str = "") -> Content:
    return content.row(content.line(title, "title"), content.line(text, "dim"))


def _name(text: str, width: int = _NAME_WIDTH) -> Content:
    return content.block(f"{text[:width]:<{width}}")


def _short_count(value: float) -> str:
    for divisor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= divisor:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.0f}"


def _short_duration(value: float) -> str:
    return duration(value).replace(".0 ", "").replace(" ", "")


def _tokens(data: Insights, width: int, scale_with: Insights | None) -> Iterator[Content]:
    tokens = data.tokens
    total = sum(map(sum, tokens.totals))
    yield _title("Tokens per day", f"{numbers.tokens(total)} in total" if total else _NONE)
    if total:
        ends = (f"{tokens.days[0]:%b %d}", f"{tokens.days[-1]:%b %d}")
        yield from charts.column_chart(
            tokens.totals,
            _short_count,
            ends,
            width,
            HEIGHT,
            scale_with.tokens.totals if scale_with else (),
        )
        for (sign, tone), model, days in zip(
            charts.FILLS, tokens.models, tokens.totals, strict=False
        ):
            share = f"{numbers.tokens(sum(days))}  {sum(days) / total:.0%}"
            yield content.row(content.block(" " * charts.MARGIN + sign, tone), _name(model), share)
    yield Content("")


def _distribution(
    data: Insights,
    name: str,
    title: str,
    format_value: charts.Format,
    width: int,
    scale_with: Insights | None,
) -> Iterator[Content]:
    """The distribution of a measure over turns."""
    counts = data.spreads[name]
    distribution = next((item for item in data.report.distributions if item.name == name), None)
    yield _title(title, _typical_values(distribution, format_value) if distribution else _NONE)
    if counts:
        first = next(step for step, count in enumerate(counts) if count)
        ends = (format_value(step_begins(first)), format_value(step_begins(len(counts))))
        scale = [scale_with.spreads[name]] if scale_with else ()
        yield from charts.column_chart(
            [counts[first:]], _whole_number, ends, width, LOW_HEIGHT, scale
        )
    yield Content("")


def _whole_number(value: float) -> str:
    return f"{int(value):,}"


def _typical_values(item: Distribution, format_value: charts.Format) -> str:
    median, p90, largest = map(format_value, (item.p50, item.p90, item.max))
    return f"median {median}, p90 {p90}, max {largest}"


def _outcomes(data: Insights, width: int) -> Iterator[Content]:
    total = sum(item.turns for item in data.outcomes)
    yield _title("How turns ended", pluralize(total, "turn"))
    for item in data.outcomes:
        state = content.state(item.state)
        blank = content.block(" " * max(0, _NAME_WIDTH - state.cell_length))
        yield _bar(state + blank, item.turns / total, f"{item.turns:,}", width)
    yield Content("")


def _coverage(data: Insights, width: int) -> Iterator[Content]:
    yield _title("Coverage", f"of {pluralize(data.report.sessions, 'session')}")
    for item in reversed(data.report.coverage if data.report.sessions else []):
        yield _bar(_name(_COVERAGE_NAMES[item.name]), item.share, f"{item.share:.0%}", width)
    yield Content("")


def _bar(name: Content, share: float, text: str, width: int) -> Content:
    bar_width = max(4, min(40, width - _NAME_WIDTH - _VALUE_WIDTH))
    return content.row(name, charts.share_bar(share, bar_width), text)


def _throughput(data: Insights, width: int) -> Iterator[Content]:
    running, series = data.report.running, data.report.series
    if not series:
        yield _title("Backlog", "nothing was read in this period")
        yield Content("")
        return
    minute = running.landings_per_minute
    often = f"{minute:.1f} per minute, " if minute is not None else ""
    peak, behind = size(running.behind_peak_bytes), size(running.behind_bytes)
    line_charts: tuple[tuple[str, str, str, charts.Format], ...] = (
        ("Backlog", f"at most {peak}, now {behind}", "behind_bytes", _short_size),
        ("Commits", f"{often}{running.landings:,} in total", "landings", _whole_number),
        ("Read", size(running.bytes_new), "bytes_new", _short_size),
    )
    ends = (_when(series[0]["time"]), _when(series[-1]["time"]))
    for title, text, name, format_value in line_charts:
        yield _title(title, text)
        if len(series) > 1:
            values = [row[name] for row in series]
            yield from charts.line_chart(values, format_value, ends, width, LOW_HEIGHT)
        yield Content("")


def _when(moment: datetime) -> str:
    """In local time."""
    return f"{moment.replace(tzinfo=UTC).astimezone():%b %d %H:%M}"


def _short_size(value: float) -> str:
    return size(int(value)).replace("iB", "").replace(" ", "")


def _disk(data: Insights, width: int) -> Iterator[Content]:
    total = sum(item.bytes for item in data.report.disk)
    yield _title("Codex's files", f"{size(total)} in sessions of this period")
    for item in data.report.disk:
        share = item.bytes / total if total else 0.0
        yield _bar(_name(item.name), share, f"{size(item.bytes)}  {share:.0%}", width)
    yield Content("")


def _deletable(data: Insights) -> Iterator[Content]:
    yield _title("Could be deleted", "Tailboard never deletes these itself" if data.could_go
                 else "nothing: everything is younger than 90 days")  # fmt: skip
    for item in data.could_go:
        freed = "" if item.bytes is None else size(item.bytes)
        yield content.row(_name(item.what.replace("_", " ")), f"{item.items:,}", freed)
        yield content.block(f"  {item.advice}", "dim")


def _format(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "seconds":
        return duration(value)
    if unit.startswith("bytes"):
        return size(int(value))
    if unit == "share":
        return f"{value:.0%}"
    return f"{value:,.2f}" if unit == "ratio" else numbers.tokens(int(value))
