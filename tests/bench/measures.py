"""The measurements: each is repeated, and ratios are measured in the same run.

A duration is the median, memory is the maximum. The page cache is warm (all runs read the same
files), start-up is cold (each run is a new process).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec
from msgspec import Struct, field

from ingest.db.search_changes import index_bytes
from tests.bench import baseline, corpus
from tests.bench.corpus import Corpus, Shape
from tests.bench.figures import Check, Figure, Results, print_progress, timed
from tests.bench.follower import LINES, Append
from tests.bench.plot import Bar, bars
from tests.bench.screens import Home
from tests.bench.subject import Subject, emptied

MEMORY = 200e6
MEMORY_AIM = 150e6
COLD_AIM = 0.7
SECOND_RUN = 0.15
VISIBLE = 0.3
DATABASE = 0.3
SEARCH_INDEX = 0.05
HELP = 0.15
STATUS = 0.4
ANSWER = 0.05
SLOWEST_ANSWER = 0.25
"""For the median and the 99th percentile."""
RECALL = 0.15
SEARCH = 0.05
SEARCH_LIBRARY = 0.3
"""On M, and on ten times as much."""
GRAPH = 0.05
MASKING = 1.15
INDEXING = 1.5
VERIFY = 2.0
BATCHES = 100_000
FULL_QUEUE = 0.1
SAME_TIME_PER_BYTE = 1.15
"""The limit for "the same"; the noise of a shared machine is not less."""
INDEPENDENT = 1.5
"""The limit for "independent", for a database a hundred times as large."""
PROOF = 4096 + 256
"""Bytes that are read again at each append, to verify that the file is the same."""


class Plan(Struct, frozen=True):
    """The number of runs of each measurement."""

    many: Shape
    big: Shape
    backlog: Shape
    """What is read during the queries."""
    runs: int
    starts: int
    appends: int
    stores: list[tuple[str, list[Shape]]]
    sessions: int
    """Of the home whose memory is queried."""
    library: Shape
    """Ten times the data of the first search."""


FULL = Plan(
    corpus.M,
    corpus.B,
    Shape("G", 1_500, 60),
    runs=7,
    starts=15,
    appends=30,
    stores=[
        ("one file", [Shape("S", 1, turns) for turns in (174, 1_740, 17_400)]),
        ("many files", [Shape("S", sessions, 60) for sessions in (3, 30, 300)]),
    ],
    sessions=1_000,
    library=Shape("10M", 3_000, 60),
)
QUICK = Plan(
    Shape("M", 30, 60),
    Shape("B", 1, 4_000),  # More than one batch, so that errors at their boundary are found.
    Shape("G", 60, 60),
    runs=3,
    starts=3,
    appends=5,
    stores=[
        ("one file", [Shape("S", 1, turns) for turns in (17, 174, 1_740)]),
        ("many files", [Shape("S", sessions, 6) for sessions in (3, 30, 300)]),
    ],
    sessions=50,
    library=Shape("10M", 300, 60),
)


class _Cold(Struct):
    """Cold passes over one home, each paired with counting the newlines of the same bytes."""

    walls: list[float] = field(default_factory=list)
    listed: list[float] = field(default_factory=list)
    """Until facts are stored and sessions listed; the search index is filled afterwards."""
    cpus: list[float] = field(default_factory=list)
    peak: int = 0
    wcs: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    stored: int = 0
    indexed: int = 0
    read: int = 0
    empties: list[float] = field(default_factory=list)
    """Passes over an empty home in between: the start-up time at that moment."""
    by_process: dict[str, int] = field(default_factory=dict)


class Bench:
    def __init__(self, plan: Plan, cache: Path, results: Results) -> None:
        self.plan = plan
        self.cache = cache
        self.results = results
        self._scratch = emptied(cache / "scratch")
        self.subject = Subject(self._scratch)

    def run(self) -> None:
        results, subject = self.results, self.subject
        if self.plan is QUICK:
            results.notes.append("Small homes: start-up weighs more, and the limits are not these.")
        results.notes += [f"Not there yet: {what}." for what in subject.missing]
        results.notes.append(f"What is timed: `{subject.ingest_name}`, as a whole process.")
        many = corpus.prepare(self.plan.many, self.cache)
        big = corpus.prepare(self.plan.big, self.cache)
        print_progress("start-up, and homes of odd files")
        self._empty()  # The first run compiles modules that were never imported.
        self._odd()
        print_progress(f"{many.truth.shape.name} cold")
        m = self._cold(many)
        self._record_cold("M", many, m)
        self._second(many)
        self._starts(many)
        print_progress(f"{big.truth.shape.name} cold")
        b = self._cold(big)
        self._record_cold("B", big, b)
        self._same_per_byte(m, b)
        print_progress("verifications")
        self._verified(many, big)
        print_progress("appends")
        self._appends(big)
        self.stores()
        print_progress("questions while a backlog is read")
        self._served()
        print_progress("a hundred thousand batches")
        self._full_queue()
        print_progress("the memory of projects")
        self._recalled(many)

    @contextmanager
    def _database(self) -> Iterator[Path]:
        folder = emptied(self._scratch / "db")
        yield folder / "tailboard.duckdb"
        shutil.rmtree(folder)

    # ── cold ────────────────────────────────────────────────────────────────────────────────────

    def _empty(self) -> float:
        """The duration of a pass over a home without sessions: start-up, and a new database."""
        home = self._scratch / "empty"
        (home / "sessions").mkdir(parents=True, exist_ok=True)
        with self._database() as db:
            return self.subject.ingest(home, db)[0].wall

    def _cold(self, home: Corpus) -> _Cold:
        cold = _Cold()
        baseline.python_count(home.paths)  # Now all files are in the page cache.
        for _ in range(self.plan.runs):
            cold.counts.append(baseline.python_count(home.paths))
            if (seconds := baseline.wc(home.paths, self.subject.env)) is not None:
                cold.wcs.append(seconds)
            cold.empties.append(self._empty())
            with self._database() as db:
                ended, report = self.subject.ingest(home.home, db)
                cold.walls.append(ended.wall)
                cold.cpus.append(ended.cpu)
                cold.read = report["bytes_read"]
                cold.stored = sum(path.stat().st_size for path in db.parent.glob("*.duckdb*"))
                cold.indexed = index_bytes(db)
                self._check(home, db)
            with self._database() as db:
                seen = self.subject.until_listed(home.home, db)
                cold.listed.append(seen.wall)
                name, sessions = home.truth.shape.name, home.truth.shape.sessions
                self.results.checks.append(Check(name, "sessions listed", sessions, seen.sessions))
        with self._database() as db:
            # Not in the timed runs: sampling each process costs a little.
            ended, _ = self.subject.ingest(home.home, db, watch=True)
            cold.peak, cold.by_process = ended.peak, ended.peaks
        return cold

    def _check(self, home: Corpus, db: Path) -> None:
        found = self.subject.helper("row_counts", str(db))
        truth, name = home.truth, home.truth.shape.name
        self.results.checks += [
            Check(name, "tokens", truth.tokens, found["tokens"]),
            Check(name, "lines", truth.lines, found["lines"]),
            Check(name, "turns", truth.turns, found["turns"]),
            Check(name, "rejected lines", truth.rejected, found["rejected"]),
        ]

    def _record_cold(self, name: str, home: Corpus, cold: _Cold) -> None:
        size = f"{home.truth.bytes / 1e6:.0f} MB"
        counted = timed(f"{name}: newlines counted in plain Python", "", cold.counts, detail=size)
        figures = [counted, timed(f"an empty home, between the runs on {name}", "", cold.empties)]
        limit, bound, ratio = None, "", median(map(_over, cold.walls, cold.counts))
        detail = f"{ratio:.2f} × the Python count"
        if cold.wcs:
            figures.insert(
                0, timed(f"{name}: `wc -l` over the same files", "", cold.wcs, detail=size)
            )
            ratio = median(map(_over, cold.walls, cold.wcs))
            detail = f"{ratio:.2f} × `wc`, {detail}"
            if name == "M":
                limit = 4 * median(cold.wcs) + 0.5
                # The version of `wc` changes this limit as much as a change of the program.
                plain = 4 * median(cold.counts) + 0.5
                bound = f"4 × `wc` + 0.5 s; with the Python count it would be {plain:.2f} s"
        rate = f"{home.truth.bytes / 1e6 / median(cold.walls):.0f} MB/s"
        work = f"{median(cold.cpus):.2f} s of processor, {rate}"
        figures.append(timed(f"{name} cold", name, cold.walls, limit, f"{detail}; {work}", bound))
        figures.append(timed(f"{name} cold: facts stored, sessions listed", name, cold.listed))
        if name == "M":
            aim = Figure(
                "M cold, against the aim",
                median(cold.walls),
                "s",
                COLD_AIM,
                "the aim, no limit",
                homes=name,
            )
            figures.append(aim)
        parts = ", ".join(
            f"{key.split()[0]} {peak / 1e6:.0f}" for key, peak in cold.by_process.items()
        )
        figures.append(
            Figure(
                f"{name}: peak of the largest process",
                cold.peak,
                "B",
                MEMORY,
                f"aim {MEMORY_AIM / 1e6:.0f} MB",
                f"each, MB: {parts}" if parts else "",
                homes=name,
            )
        )
        share = cold.stored / cold.read
        database = f"{cold.stored / 1e6:.0f} MB of {cold.read / 1e6:.0f} MB read"
        figures.append(
            Figure(
                f"{name}: database to bytes read", share, "×", DATABASE, detail=database, homes=name
            )
        )
        index = cold.indexed / cold.read
        figures.append(
            Figure(f"{name}: search index to bytes read", index, "×", SEARCH_INDEX, homes=name)
        )
        self.results.figures += figures

    def _same_per_byte(self, m: _Cold, b: _Cold) -> None:
        def less_start(cold: _Cold) -> float:
            pairs = zip(cold.walls, cold.empties, strict=True)
            return median(wall - empty for wall, empty in pairs) / cold.read

        whole = (median(b.walls) / b.read) / (median(m.walls) / m.read)
        self.results.figures.append(
            Figure(
                "time per byte, B to M, start-up taken off",
                less_start(b) / less_start(m),
                "×",
                SAME_TIME_PER_BYTE,
                "the same, up to noise",
                f"{whole:.2f} × with start-up; processor {_per_cpu(b) / _per_cpu(m):.2f} ×",
                homes="M B",
            )
        )

    def _odd(self) -> None:
        home = corpus.prepare(corpus.E, self.cache)
        with self._database() as db:
            ended, _ = self.subject.ingest(home.home, db)
            self._check(home, db)
        size = f"{home.truth.bytes / 1e6:.0f} MB: a fork, packed, archived, torn, malformed"
        self.results.figures.append(timed("E cold", "E", [ended.wall], detail=size))

    def _verified(self, many: Corpus, big: Corpus) -> None:
        """`verify --deep` reads everything again and compares, so its duration grows with the
        data."""
        ratios = []
        for home in (many, big):
            with self._database() as db:
                ingest, _ = self.subject.ingest(home.home, db)
                ratios.append(self.subject.verify(home.home, db).cpu / ingest.cpu)
        detail = f"processor; M {ratios[0]:.2f} ×, B {ratios[1]:.2f} ×"
        self.results.figures.append(
            Figure("`verify --deep` to a first ingest", max(ratios), "×", VERIFY, detail=detail)
        )

    # ── again, and starts ───────────────────────────────────────────────────────────────────────

    def _second(self, home: Corpus) -> None:
        with self._database() as db:
            self.subject.ingest(home.home, db)
            modules = self.subject.modules(home.home, db, self._scratch)
            work, work_cpu, walls = [], [], []
            for _ in range(self.plan.starts):
                imported = self.subject.imports(modules)
                ended, report = self.subject.ingest(home.home, db)
                work.append(ended.wall - imported.wall)
                work_cpu.append(ended.cpu - imported.cpu)
                walls.append(ended.wall)
                self.results.checks.append(Check("M", "bytes read again", 0, report["bytes_read"]))
        detail = (
            f"processor {median(work_cpu):.2f} s; {median(walls):.2f} s in all, "
            f"with {len(modules)} modules imported"
        )
        self.results.figures.append(
            timed("M again, nothing new: work beyond importing", "M", work, SECOND_RUN, detail)
        )

    def _starts(self, home: Corpus) -> None:
        if self.subject.has_program:
            walls = [self.subject.help().wall for _ in range(self.plan.starts)]
            self.results.figures.append(timed("`tailboard --help`", "", walls, HELP))
        if self.subject.has_status:
            with self._database() as db:
                self.subject.ingest(home.home, db)
                ended = [self.subject.status(home.home, db) for _ in range(self.plan.starts)]
            self.results.figures.append(
                timed("`tailboard status --json` on M", "M", [one.wall for one in ended], STATUS)
            )

    # ── concurrent work ───────────────────────────────────────────────────────────────────────────

    def _served(self) -> None:
        """How long a client waits for answers while the owner reads a backlog."""
        home = corpus.prepare(self.plan.backlog, self.cache)
        baseline.python_count(home.paths)
        with self._database() as db:
            where = (str(home.home), str(db), str(home.truth.lines))
            found: dict[str, list[float]] = self.subject.helper("served", *where)
            self._check(home, db)
        label = home.truth.shape.name
        every = [seconds for answers in found.values() for seconds in answers]
        rows = {"all that screens ask": every, "the list of sessions": found["sessions.listed"]}
        size = f"{home.truth.bytes / 1e6:,.0f} MB"
        for what, answers in rows.items():
            self.results.figures += [
                timed(f"{what}, while {size} are read: median", label, answers, ANSWER),
                Figure(
                    f"{what}, while {size} are read: 99th percentile",
                    quantiles(answers, n=100)[98],
                    "s",
                    SLOWEST_ANSWER,
                    detail=f"{len(answers)} answers",
                    homes=label,
                ),
            ]

    def _full_queue(self) -> None:
        """The table of batches with very many rows."""
        for every, which in ((10, "every tenth"), (1, "each of them")):
            with self._database() as db:
                found: dict[str, list[float]] = self.subject.helper(
                    "load",
                    *(str(db.parent), "--batches", str(BATCHES)),
                    *("--failed-every", str(every), "--runs", str(self.plan.runs)),
                )
            about = f"{BATCHES:,} batches, {which} failed"
            self.results.figures += [
                timed(f"{about}: list the first 200", "", found["list"], FULL_QUEUE),
                timed(f"{about}: those of one error", "", found["filter"], FULL_QUEUE),
                timed(f"{about}: retry all that failed", "", found["retry"], FULL_QUEUE),
                timed(f"{about}: what came of that, one by one", "", found["tell"], FULL_QUEUE),
            ]

    # ── the memory of projects ──────────────────────────────────────────────────────────────────

    def _recalled(self, many: Corpus) -> None:
        sessions, home = self.plan.sessions, self._scratch / "remembered"
        Home(home, sessions)
        with self._database() as db:
            self.subject.ingest(home, db)
            found = self._recall("remembered", db)
        shutil.rmtree(home)
        self.results.figures += [
            timed(f"{what}, of {sessions:,} sessions", "", took, RECALL)
            for what, took in found.items()
        ]
        library = corpus.prepare(self.plan.library, self.cache)
        for searched, limit in ((many, SEARCH), (library, SEARCH_LIBRARY)):
            with self._database() as db:
                self.subject.ingest(searched.home, db)
                found = self._recall("searched", db)
            name, size = searched.truth.shape.name, f"{searched.truth.bytes / 1e6:,.0f} MB"
            self.results.figures += [
                timed(f"search on {name}, {what}", name, took, limit, size)
                for what, took in found.items()
            ]
        for what, took in self._recall("drawn").items():
            self.results.figures.append(timed(f"{what} of a graph of 500 tasks", "", took, GRAPH))
        for passes, what, most in (("masked", "masking", MASKING), ("indexed", "index", INDEXING)):
            found = self._recall(passes, many.home)
            ratios = list(map(_over, found["with"], found["without"]))
            self.results.figures.append(
                Figure(
                    f"processor of a pass over M, with {what} to without",
                    median(ratios),
                    "×",
                    most,
                    detail=f"{min(ratios):.2f} × to {max(ratios):.2f} × in {len(ratios)} pairs",
                    homes="M",
                )
            )

    def _recall(self, what: str, path: Path | None = None) -> dict[str, list[float]]:
        where = [str(path)] if path else []
        runs = str(self.plan.runs)
        found: dict[str, list[float]] = self.subject.helper("recall", what, *where, "--runs", runs)
        return found

    # ── appends ─────────────────────────────────────────────────────────────────────────────────

    def _follow(self, home: Corpus, visible_runs: int, costs: int) -> dict[str, list[Append]]:
        with self._database() as db:
            try:
                runs = ("--visible-runs", str(visible_runs), "--costs", str(costs))
                where = (str(home.ledger), str(db), *runs)
                found: Any = self.subject.helper("follower", *where)
                # The very first append is not measured, but its lines are there.
                lines = home.truth.lines + LINES * (1 + visible_runs + costs)
                held = self.subject.helper("row_counts", str(db))
            finally:
                corpus.restore(home)
        label = _label(home)
        self.results.checks += [
            Check(label, "lines after the appends", lines, held["lines"]),
            Check(label, "rejected after the appends", home.truth.rejected, held["rejected"]),
        ]
        return msgspec.convert(found, dict[str, list[Append]])

    def _appends(self, home: Corpus) -> None:
        visible = self._follow(home, self.plan.appends, 0)["visible"]
        seen = [one.visible for one in visible if one.visible is not None]
        worst = max(visible, key=lambda one: one.read - one.new)
        self.results.figures += [
            timed("10 lines appended to B: until visible", "B", seen, VISIBLE),
            Figure(
                "10 lines appended to B: bytes read beyond them",
                worst.read - worst.new,
                "B",
                PROOF,
                "proof that the file is the same: its head and the end of what was read",
                f"{worst.new:,} B were new; worst of {len(visible)}, counted at `pread`",
                homes="B",
            ),
        ]
        self.results.checks += [
            Check("B", "bytes reported as read by an append", one.read, one.reported)
            for one in visible
        ]

    def stores(self) -> None:
        """Appends to stores of different sizes."""
        plots = []
        for title, shapes in self.plan.stores:
            rows: list[tuple[Corpus, list[Append]]] = []
            for shape in shapes:
                print_progress(f"appends to a store of {shape.sessions} × {shape.turns} turns")
                home = corpus.prepare(shape, self.cache)
                rows.append((home, self._follow(home, 0, self.plan.appends)["cost"]))
            cpus = [median(one.cpu for one in costs) for _, costs in rows]
            read = [median(one.read - one.new for one in costs) for _, costs in rows]
            self.results.figures.append(
                Figure(
                    f"processor per append, {shapes[-1].lines / shapes[0].lines:,.0f} × "
                    f"to 1 × ({title})",
                    cpus[-1] / cpus[0],
                    "×",
                    INDEPENDENT,
                    "independent, up to noise",
                    "extra bytes read: " + ", ".join(f"{size:,.0f}" for size in read),
                    homes=" ".join(_label(home) for home, _ in rows),
                )
            )
            bars_of = [
                Bar(
                    f"{shape.lines // shapes[0].lines:>5}x {home.truth.bytes / 1e6:6.1f} MB",
                    cpu,
                    f"{cpu * 1000:.1f} ms",
                )
                for shape, (home, _), cpu in zip(shapes, rows, cpus, strict=True)
            ]
            plots.append(bars(f"processor time per append of 10 lines, {title}", bars_of))
        self.results.plot = "\n\n".join(plots)

    def close(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)


def _label(home: Corpus) -> str:
    """The name of a home in checks: databases of different sizes are different."""
    shape = home.truth.shape
    return f"S-{shape.sessions}x{shape.turns}" if shape.name == "S" else shape.name


def _over(one: float, other: float) -> float:
    return one / other


def _per_cpu(cold: _Cold) -> float:
    return median(cold.cpus) / cold.read
