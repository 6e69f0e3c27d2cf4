"""Figures: a result, its limit and how both are printed.

A figure without a limit has no verdict; any figure above its limit is `over`. Figures of a home
that was read wrongly are `void`.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from statistics import median

from msgspec import Struct, field


class Verdict(StrEnum):
    OK = "ok"
    OVER = "over"
    VOID = "void"
    NONE = "–"


class Figure(Struct):
    """One line of the table."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    bound: str = ""
    """How the limit was computed, if it was derived from another figure."""
    detail: str = ""
    samples: list[float] = field(default_factory=list)
    homes: str = ""
    """The names of the homes on which it was measured."""
    verdict: Verdict = Verdict.NONE

    def __post_init__(self) -> None:
        if self.limit is not None:
            self.verdict = Verdict.OK if self.value <= self.limit else Verdict.OVER


class Check(Struct):
    """A known result and the one that was measured."""

    home: str
    name: str
    expected: int
    found: int

    @property
    def ok(self) -> bool:
        return self.expected == self.found


class Results(Struct):
    schema: str
    quick: bool
    machine: dict[str, str]
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    plot: str = ""

    @property
    def right(self) -> bool:
        return all(check.ok for check in self.checks)

    def judge(self) -> None:
        """Void the figures of homes that were read wrongly."""
        wrong = {check.home for check in self.checks if not check.ok}
        for figure in self.figures:
            if wrong.intersection(figure.homes.split()):
                figure.verdict = Verdict.VOID


def timed(
    name: str,
    homes: str,
    samples: Sequence[float],
    limit: float | None = None,
    detail: str = "",
    bound: str = "",
) -> Figure:
    """The median of several durations."""
    return Figure(name, median(samples), "s", limit, bound, detail, list(samples), homes)


def table(results: Results) -> str:
    """Everything as Markdown."""
    head = ["| what | result | limit | | spread and more |", "|---|---:|---:|---|---|"]
    rows = [
        f"| {one.name} | {shown(one.value, one.unit)} | {limit_of(one)} | {one.verdict} "
        f"| {_more(one)} |"
        for one in results.figures
    ]
    wrong = [check for check in results.checks if not check.ok]
    right = len(results.checks) - len(wrong)
    text = [f"{right} of {len(results.checks)} answers were right."]
    seen = Counter(f"{one.home}, {one.name}: {one.found}, not {one.expected}" for one in wrong)
    text += [f"* WRONG, {count} times: {what}" for what, count in seen.items()]
    machine = ", ".join(f"{key} {value}" for key, value in results.machine.items())
    notes = [f"* {note}" for note in results.notes]
    plot = ["```", results.plot, "```"] if results.plot else []
    parts = [[machine + "."], [*head, *rows], text, notes, plot]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def limit_of(figure: Figure) -> str:
    """The limit as text, if there is one."""
    return "" if figure.limit is None else shown(figure.limit, figure.unit)


def _more(figure: Figure) -> str:
    spread = ""
    if len(figure.samples) > 1:
        low, high = min(figure.samples), max(figure.samples)
        runs = len(figure.samples)
        spread = f"{shown(low, figure.unit)} to {shown(high, figure.unit)} in {runs}"
    return "; ".join(part for part in (figure.bound, spread, figure.detail) if part)


def shown(value: float, unit: str) -> str:
    units: dict[str, Callable[[float], str]] = {
        "s": lambda seconds: f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms",
        "B": lambda size: f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size:,.0f} B",
        "×": lambda ratio: f"{ratio:.2f} ×",
    }
    return units[unit](value)


def print_progress(what: str) -> None:
    """Say on standard error what is measured next."""
    print(f"… {what}", file=sys.stderr, flush=True)
