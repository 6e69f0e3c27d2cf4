"""The pictures of Insights: figures in, lines out. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from textual.content import Content

from ingest.report.comparison import Change
from ingest.report.insights import Insights, step_begins
from ingest.report.report import Distribution
from ingest.text import units
from ingest.text.units import duration, pluralize, size
from tui import charts, content

HEIGHT: Final = 7
LOW: Final = 4
_NAME: Final = 18
_SAID: Final = 18
"""Columns for the name of a bar, and for what stands behind it."""
_OF_SESSIONS: Final = (
    "sessions", "with_", "tokens_per_turn", "output_tokens", "turn_", "command_", "disk.",
)  # fmt: skip
_LOOKS: Final = {"plan": "with a plan", "git": "in a repository", "title": "with a title"}


def spending(found: Insights, width: int, beside: Insights | None = None) -> list[Content]:
    """What was spent, and what turns were like; on the scale of the time `beside` it."""
    if not (found.report.sessions or found.outcomes or found.tokens.days):
        return [Content("No session in this time."), content.line("t chooses another.", "dim")]
    return [
        *_tokens(found, width, beside),
        *_spread(found, "tokens_per_turn", "Tokens a turn", _count, width, beside),
        *_spread(found, "turn_seconds", "Length of turns", _span, width, beside),
        *_outcomes(found, width),
        *_coverage(found, width),
    ]


def running(found: Insights, width: int) -> list[Content]:
    """How the system ran, and what takes the room."""
    return [*_flow(found, width), *_disk(found, width), *_could_go(found)]


def changes(found: Sequence[Change], names: tuple[str, str]) -> list[Content]:
    """What sessions were like in two periods, and how that changed."""
    lines = [_title("Then and now", f"{names[0]} → {names[1]}")]
    for one in found:
        # How Tailboard itself ran is a question of its own: `tailboard report --before`.
        if not one.name.startswith(_OF_SESSIONS) or one.name.endswith(".p99"):
            continue
        ratio = "" if one.ratio is None else f"{one.ratio - 1:+.0%}"
        values = f"{_figure(one.before, one.unit):>10} → {_figure(one.after, one.unit):<10}"
        lines.append(
            content.row(
                _name(one.name.replace("_", " ").replace(".", " "), 26),
                content.block(values),
                content.line(ratio, "bold"),
            )
        )
    return lines


def _title(text: str, said: str = "") -> Content:
    return content.row(content.line(text, "title"), content.line(said, "dim"))


def _name(text: str, room: int = _NAME) -> Content:
    return content.block(f"{text[:room]:<{room}}")


def _count(value: float) -> str:
    for divisor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= divisor:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.0f}"


def _span(value: float) -> str:
    return duration(value).replace(".0 ", "").replace(" ", "")


def _tokens(found: Insights, width: int, beside: Insights | None) -> Iterator[Content]:
    tokens = found.tokens
    total = sum(map(sum, tokens.totals))
    yield _title("Tokens a day", f"{units.tokens(total)} in all" if total else "none in this time")
    if total:
        ends = (f"{tokens.days[0]:%b %d}", f"{tokens.days[-1]:%b %d}")
        yield from charts.columns(
            tokens.totals, _count, ends, width, HEIGHT, beside.tokens.totals if beside else ()
        )
        for (sign, tone), model, days in zip(
            charts.FILLS, tokens.models, tokens.totals, strict=False
        ):
            share = f"{units.tokens(sum(days))}  {sum(days) / total:.0%}"
            yield content.row(content.block(" " * charts.MARGIN + sign, tone), _name(model), share)
    yield Content("")


def _spread(
    found: Insights,
    name: str,
    title: str,
    say: charts.Say,
    width: int,
    beside: Insights | None,
) -> Iterator[Content]:
    """How many turns there are of each size, and what is usual."""
    counts = found.spreads[name]
    usual = next((one for one in found.report.distributions if one.name == name), None)
    yield _title(title, _usual(usual, say) if usual else "none in this time")
    if counts:
        first = next(step for step, count in enumerate(counts) if count)
        ends = (say(step_begins(first)), say(step_begins(len(counts))))
        other = [beside.spreads[name]] if beside else ()
        yield from charts.columns([counts[first:]], _turns, ends, width, LOW, other)
    yield Content("")


def _turns(value: float) -> str:
    return f"{int(value):,}"


def _usual(one: Distribution, say: charts.Say) -> str:
    return f"median {say(one.p50)}, p90 {say(one.p90)}, max {say(one.max)}"


def _outcomes(found: Insights, width: int) -> Iterator[Content]:
    total = sum(one.turns for one in found.outcomes)
    yield _title("How turns ended", pluralize(total, "turn"))
    for one in found.outcomes:
        state = content.state(one.state)
        blank = content.block(" " * max(0, _NAME - state.cell_length))
        yield _barred(state + blank, one.turns / total, f"{one.turns:,}", width)
    yield Content("")


def _coverage(found: Insights, width: int) -> Iterator[Content]:
    yield _title("Coverage", f"of {pluralize(found.report.sessions, 'session')}")
    for one in reversed(found.report.coverage if found.report.sessions else []):
        yield _barred(_name(_LOOKS[one.name]), one.share, f"{one.share:.0%}", width)
    yield Content("")


def _barred(name: Content, share: float, said: str, width: int) -> Content:
    room = max(4, min(40, width - _NAME - _SAID))
    return content.row(name, charts.bar(share, room), said)


def _flow(found: Insights, width: int) -> Iterator[Content]:
    running, series = found.report.running, found.report.series
    if not series:
        yield _title("Backlog", "nothing was read in this time")
        yield Content("")
        return
    minute = running.landings_per_minute
    often = f"{minute:.1f} a minute, " if minute is not None else ""
    peak, behind = size(running.behind_peak_bytes), size(running.behind_bytes)
    courses: tuple[tuple[str, str, str, charts.Say], ...] = (
        ("Backlog", f"at most {peak}, now {behind}", "behind_bytes", _bytes),
        ("Commits", f"{often}{running.landings:,} in all", "landings", _turns),
        ("Read", size(running.bytes_new), "bytes_new", _bytes),
    )
    ends = (_when(series[0]["time"]), _when(series[-1]["time"]))
    for title, said, name, say in courses:
        yield _title(title, said)
        if len(series) > 1:
            values = [row[name] for row in series]
            yield from charts.course(values, say, ends, width, LOW)
        yield Content("")


def _when(moment: datetime) -> str:
    """Where the person is."""
    return f"{moment.replace(tzinfo=UTC).astimezone():%b %d %H:%M}"


def _bytes(value: float) -> str:
    return size(int(value)).replace("iB", "").replace(" ", "")


def _disk(found: Insights, width: int) -> Iterator[Content]:
    total = sum(one.bytes for one in found.report.disk)
    yield _title("Codex's files", f"{size(total)} in sessions of this time")
    for one in found.report.disk:
        share = one.bytes / total if total else 0.0
        yield _barred(_name(one.name), share, f"{size(one.bytes)}  {share:.0%}", width)
    yield Content("")


def _could_go(found: Insights) -> Iterator[Content]:
    yield _title("What could go", "only told, never done from here" if found.could_go
                 else "nothing: all of it is younger than 90 days")  # fmt: skip
    for one in found.could_go:
        room = "" if one.bytes is None else size(one.bytes)
        yield content.row(_name(one.what.replace("_", " ")), f"{one.items:,}", room)
        yield content.block(f"  {one.advice}", "dim")


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "seconds":
        return duration(value)
    if unit.startswith("bytes"):
        return size(int(value))
    if unit == "share":
        return f"{value:.0%}"
    return f"{value:,.2f}" if unit == "ratio" else units.tokens(int(value))
