"""The charts of Insights as lines. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from textual.content import Content

from ingest.report.comparison import Change
from ingest.report.insights import Insights, Window, step_begins
from ingest.report.report import Distribution
from ingest.sessions.limits import window_name
from ingest.text import numbers
from ingest.text.numbers import pluralize, size
from ingest.text.times import duration
from tui import charts, content

_NONE: Final = "none in this period"
HEIGHT: Final = 8
LOW_HEIGHT: Final = 4
_NAME_WIDTH: Final = 18
_VALUE_WIDTH: Final = 18
"""Columns for the name of a bar, and for the text behind it."""
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_WIDTH: Final = 5
_SHADES: Final = "·░▒▓█"
_GAPS: Final = 4
_SESSION_MEASURES: Final = (
    "sessions", "with_", "tokens_per_turn", "output_tokens", "turn_", "command_", "disk.",
)  # fmt: skip
_COVERAGE_NAMES: Final = {
    "plan": "with a plan",
    "git": "in a repository",
    "title": "with a title",
    "tag": "with a tag",
}


def work(data: Insights, width: int, scale_with: Insights | None = None) -> list[Content]:
    """Where tokens and time went, and how turns ended, on a scale that also fits `scale_with`."""
    if not (data.report.sessions or data.outcomes or data.tokens.days):
        return [
            Content("No sessions in this period."),
            content.line("T chooses another one.", "dim"),
        ]
    return [
        *_tokens(data, width, scale_with),
        *_windows(data, width),
        *_context(data, width),
        *_time(data, width),
        *_programs(data, width),
        *_hours(data, width),
        *_outcomes(data, width),
        *_distribution(data, "tokens_per_turn", "Tokens per turn", _short_count, width, scale_with),
        *_distribution(data, "turn_seconds", "Length of turns", _short_duration, width, scale_with),
        *_coverage(data, width),
    ]


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
            share = content.block(f"{numbers.tokens(sum(days)):>7} {sum(days) / total:>5.0%}")
            yield content.row(content.block(" " * charts.MARGIN + sign, tone), _name(model), share)
    yield Content("")


def _windows(data: Insights, width: int) -> Iterator[Content]:
    if not data.windows:
        return
    yield _title("Limits of the account", "the highest use of each day")
    for window in data.windows:
        yield _window(window, window_name(window.minutes), width)
    yield Content("")


def _context(data: Insights, width: int) -> Iterator[Content]:
    if data.context is None:
        return
    yield _title("Context used", "by the fullest session of each day")
    yield _window(data.context, "most", width)
    yield Content("")


def _window(window: Window, name: str, width: int) -> Content:
    known = [percent for percent in window.percents if percent is not None]
    return content.row(
        _name(name, 6),
        charts.level_line(window.percents, 100, max(8, width - 34)),
        content.line(f"last {known[-1]:.0f} %, at most {max(known):.0f} %"),
    )


def _time(data: Insights, width: int) -> Iterator[Content]:
    time = data.time
    parts = (
        ("model", time.model), ("commands", time.commands), ("other tools", time.tools),
        ("waiting for you", time.waiting),
    )  # fmt: skip
    total = sum(seconds for _, seconds in parts)
    yield _title("Where the time went", duration(total) if total else _NONE)
    for name, seconds in parts if total else ():
        share = seconds / total
        yield _bar(_name(name), share, f"{duration(seconds):>8} {share:>5.0%}", width)
    yield Content("")


def _programs(data: Insights, width: int) -> Iterator[Content]:
    yield _title("Commands that fail most", "failed, and median time" if data.programs else _NONE)
    for program in data.programs:
        text = f"{program.failed:,} of {program.runs:,}"
        if program.seconds:
            text += f", {duration(program.seconds)}"
        yield _bar(_name(program.program), program.failed / program.runs, text, width, "red")
    yield Content("")


def _hours(data: Insights, width: int) -> Iterator[Content]:
    most = max(map(max, data.hours))
    if not most:
        return
    yield _title("When you work", "tokens by weekday and hour")
    cells = 2 if width >= _DAY_WIDTH + 2 * 24 else 1
    for day, tokens in zip(_WEEKDAYS, data.hours, strict=True):
        shades = [_SHADES[-(-count * (len(_SHADES) - 1) // most)] * cells for count in tokens]
        yield content.block(f"{day:<{_DAY_WIDTH}}", "dim") + Content.assemble(
            *(content.block(shade, "blue" if count else "dim")
              for shade, count in zip(shades, tokens, strict=True))
        )  # fmt: skip
    hours = "".join(f"{hour:<{6 * cells}}" for hour in range(0, 24, 6))
    yield content.block(" " * _DAY_WIDTH + hours, "dim")
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
    return f"{value:,.1f}".removesuffix(".0")


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


def _bar(name: Content, share: float, text: str, width: int, tone: str = "blue") -> Content:
    bar_width = max(4, min(40, width - _NAME_WIDTH - max(_VALUE_WIDTH, len(text) + _GAPS)))
    return content.row(name, charts.share_bar(share, bar_width, tone), content.block(text))


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
