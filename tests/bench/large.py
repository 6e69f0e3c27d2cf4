"""Large homes: `--large`. Takes an hour or more, and 10 GB of the cache.

L has 4,000 sessions of 90 turns (4.2 GB); ten times as much is made of its database by copying
rows. The stores of the appends have up to 100,000 sessions.
"""

import shutil
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from typing import Final

from msgspec.structs import replace

from ingest.db.search_changes import index_bytes
from tests.bench import corpus
from tests.bench.corpus import Corpus, Shape
from tests.bench.figures import Check, Figure, Results, print_progress, timed
from tests.bench.measures import FULL, QUICK, Bench
from tests.bench.process import run
from tests.bench.subject import Subject, emptied

L: Final = Shape("L", 4_000, 90)
STORES: Final = ("sessions", [Shape("S", sessions, 1) for sessions in (100, 1_000, 100_000)])
QUICK_L: Final = Shape("L", 40, 20)
QUICK_STORES: Final = ("sessions", [Shape("S", sessions, 1) for sessions in (10, 100, 200)])
TIMES: Final = 9
RUNS: Final = 30
SEARCH_INDEX = 0.05
JOURNAL_MEMORY = 150e6
LIMITS: Final = {
    "search, one word": 0.03,
    "search, three words": 0.03,
    "search, a rare word": 0.03,
    "the first 50 sessions": 0.02,
    "tasks of a project": 0.06,
    "report": 0.08,
    "Insights of 30 days": 0.08,
    "Insights of all days": 0.08,
    "usage by day": 0.08,
    "MCP: start": 0.6,
    "MCP: history_search": 0.15,
    "MCP: project_tasks": 0.15,
    "MCP: project_resume": 0.15,
    "MCP: project_journal": 0.15,
}
SLOWEST_SEARCH = 0.08
SEARCH_IN_TEN = 0.06
"""For ten times as much."""


class Large:
    def __init__(self, cache: Path, results: Results, *, quick: bool) -> None:
        self._shape = QUICK_L if quick else L
        self._plan = (
            replace(QUICK, stores=[QUICK_STORES]) if quick else replace(FULL, stores=[STORES])
        )
        self._cache = cache
        self._results = results
        self._scratch = emptied(cache / "large")
        self._subject = Subject(self._scratch)

    def run(self) -> None:
        with closing(Bench(self._plan, self._cache, self._results)) as bench:
            bench.stores()
        print_progress("a home of 4 GB")
        home = corpus.prepare(self._shape, self._cache)
        db = self._scratch / "db" / "tailboard.duckdb"
        self._read(home, db)
        self._ask(home, db)
        self._commands(home, db)
        print_progress("ten times as much")
        self._ten_times(db)
        shutil.rmtree(self._scratch)

    def _read(self, home: Corpus, db: Path) -> None:
        ended, report = self._subject.ingest(home.home, db, watch=True)
        found = self._subject.helper("row_counts", str(db))
        self._results.checks += [
            Check("L", "tokens", home.truth.tokens, found["tokens"]),
            Check("L", "lines", home.truth.lines, found["lines"]),
        ]
        parts = ", ".join(f"{key.split()[0]} {peak / 1e6:.0f}" for key, peak in ended.peaks.items())
        size = f"{report['bytes_read'] / 1e6:,.0f} MB"
        self._report(
            timed("L cold", "L", [ended.wall], detail=f"{size}; processor {ended.cpu:.0f} s")
        )
        self._report(Figure("L: peak of the largest process", ended.peak, "B", detail=parts))
        share = index_bytes(db) / report["bytes_read"]
        self._report(Figure("L: search index to bytes read", share, "×", SEARCH_INDEX))

    def _ask(self, home: Corpus, db: Path) -> None:
        found = self._asked(home.home, db, home.truth.lines)
        (memory,) = found.pop("memory")
        for name, took in found.items():
            self._report(timed(f"{name}, on L", "L", took, LIMITS.get(name)))
            if name.startswith("search"):
                self._report(_slowest(f"{name}, on L", took))
        self._report(
            Figure("memory of the owner of L, after these questions", memory, "B", homes="L")
        )

    def _asked(self, home: Path, db: Path, lines: int) -> dict[str, list[float]]:
        arguments = (str(home), str(db), str(lines), "--runs", str(RUNS))
        found: dict[str, list[float]] = self._subject.helper("asked", *arguments)
        return found

    def _commands(self, home: Corpus, db: Path) -> None:
        """Whole processes, without an owner."""
        where = ["--codex-home", str(home.home), "--db", str(db)]
        for arguments in (
            ["search", "marker"],
            ["sessions", "--limit", "50"],
            ["tasks", "list", "--project", "project1"],
            ["report"],
            ["resume", "--project", "project1"],
            ["journal", "show", "--project", "project1"],
        ):
            command = [*self._subject.program, *arguments, *where]
            ended = run(command, self._subject.env, watch=True)
            name = f"`tailboard {' '.join(arguments)}` on L"
            detail = f"processor {ended.cpu:.2f} s, peak {ended.peak / 1e6:.0f} MB"
            self._report(timed(name, "L", [ended.wall], detail=detail))
            if arguments[0] == "journal":
                self._report(Figure(f"{name}: peak", ended.peak, "B", JOURNAL_MEMORY, homes="L"))

    def _ten_times(self, db: Path) -> None:
        self._subject.helper("copies", str(db), str(TIMES))
        nothing = self._scratch / "nothing"
        (nothing / "sessions").mkdir(parents=True)
        where = ["--codex-home", str(nothing), "--db", str(db)]
        ended = run(
            [*self._subject.program, "rebuild", "search", "--json", *where], self._subject.env
        )
        self._report(timed("search index of ten times L, built again", "", [ended.wall],
                           detail=f"processor {ended.cpu:.0f} s"))  # fmt: skip
        for name, took in self._asked(nothing, db, 0).items():
            self._report(timed(f"{name}, on ten times L", "", took, SEARCH_IN_TEN))

    def _report(self, figure: Figure) -> None:
        self._results.figures.append(figure)


def _slowest(name: str, samples: list[float]) -> Figure:
    value = quantiles(samples, n=100, method="inclusive")[98]
    return Figure(f"{name}: 99th percentile", value, "s", SLOWEST_SEARCH, homes="L")
