"""`python -m tests.bench.profile`: the parts of one cold pass over M.

Measures three parts in processor time, each as the best of several runs: the imports of start-up,
the steps of a reader (each includes the one before it, so that a step is a difference), and the
statements of the owner. Measuring the owner adds a little to its time.
"""

import argparse
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
from platformdirs import user_cache_path

from tests.bench import corpus
from tests.bench.corpus import Corpus
from tests.bench.subject import Subject

_encode = msgspec.json.Encoder().encode_lines
_IMPORTS = {
    "the interpreter alone": "pass",
    "+ msgspec": "import msgspec",
    "+ the engine": "import ingest.db.engine",
    "the owner": "import ingest.pipeline.follow",
    "a reader process": "import ingest.pipeline.reader_process",
    "`tailboard ingest`": "import ingest.cli.main, ingest.cli.commands.ingest",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--cache", type=Path, help="where homes are kept between runs")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--big", action="store_true", help="B instead of M")
    chosen = parser.parse_args()
    cache = chosen.cache or user_cache_path("tailboard") / "bench"
    home = corpus.prepare(corpus.B if chosen.big else corpus.M, cache)
    print(f"{home.truth.shape.name}: {home.truth.bytes / 1e6:.0f} MB, {home.truth.lines} lines")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        _imports(Path(scratch), chosen.runs * 3)
    _reading(home, chosen.runs)
    for run in range(chosen.runs):
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _owning(home, Path(scratch), last=run == chosen.runs - 1)


# ── start-up ────────────────────────────────────────────────────────────────────────────────────


def _imports(scratch: Path, runs: int) -> None:
    subject = Subject(scratch)
    print(f"\nstart-up, processor ms (best of {runs})")
    for name, code in _IMPORTS.items():
        modules = code.removeprefix("import ").split(", ") if code != "pass" else ["sys"]
        best = min((subject.imports(modules) for _ in range(runs)), key=lambda ended: ended.cpu)
        print(f"  {name:<28}{best.cpu * 1000:8.1f}   wall {best.wall * 1000:6.1f}")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def _reading(home: Corpus, runs: int) -> None:
    rollouts = [path for path in home.paths if path.name.startswith("rollout")]
    steps: dict[str, Callable[[list[Path]], object]] = {
        "read and split": _split,
        "decode": _decode,
        "fold": _fold,
        "encode": _encoded,
    }
    megabytes = home.truth.bytes / 1e6
    print(f"\none reader over all rollouts, processor s (best of {runs}), each step on its own")
    before = 0.0
    for name, step in steps.items():
        whole = min(_cpu(step, rollouts) for _ in range(runs))
        own = whole - before
        print(f"  {name:<28}{own:8.3f}   {megabytes / own if own > 0 else 0:6.0f} MB/s")
        before = whole
    print(f"  {'all of it':<28}{before:8.3f}   {megabytes / before:6.0f} MB/s")


def _cpu(step: Callable[[list[Path]], object], paths: list[Path]) -> float:
    began = time.process_time()
    step(paths)
    return time.process_time() - began


def _lines(path: Path) -> Any:
    from ingest.tail.lines import Block, blocks
    from ingest.tail.opening import open_source
    from ingest.tail.source import Representation

    with open_source(str(path), Representation.PLAIN) as reader:
        for part in blocks(reader, 0, 1 << 50):
            if isinstance(part, Block):
                yield part


def _split(paths: list[Path]) -> None:
    for path in paths:
        for _ in _lines(path):
            pass


def _decode(paths: list[Path]) -> None:
    from ingest.codex.line import decode

    for path in paths:
        for block in _lines(path):
            for raw in BytesIO(block.data):
                decode(raw)


def _folded(path: Path) -> Any:
    """The facts of a file, returned every few megabytes as batches do."""
    from ingest.codex.fold import Fold

    thread = path.stem[-36:]
    fold = Fold(1, thread)
    lines = 0
    for block in _lines(path):
        fold.feed(block.offset, block.data)
        lines += block.data.count(b"\n")
        if lines > 40_000:
            folded = fold.finish()
            yield folded.facts
            fold, lines = Fold(1, thread, folded.state), 0
    yield fold.finish().facts


def _fold(paths: list[Path]) -> None:
    for path in paths:
        for _ in _folded(path):
            pass


def _encoded(paths: list[Path]) -> None:
    for path in paths:
        for facts in _folded(path):
            for table in facts.__struct_fields__:
                if rows := getattr(facts, table):
                    _encode(rows)


# ── owning ──────────────────────────────────────────────────────────────────────────────────────


class _Spy:
    """Wraps the connection of a database and times its statements."""

    def __init__(self, connection: Any, durations: dict[str, list[float]]) -> None:
        self._connection = connection
        self._ledger = durations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> "_Spy":
        return _Spy(self._connection.cursor(), self._ledger)

    def execute(self, sql: str, values: Any = None) -> Any:
        with _Timed(self._ledger, _kind(sql)):
            return self._connection.execute(sql, values)


class _Timed:
    def __init__(self, durations: dict[str, list[float]], name: str) -> None:
        self._row = durations.setdefault(name, [0.0, 0.0, 0.0])

    def __enter__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._row[0] += time.process_time() - self._cpu
        self._row[1] += time.perf_counter() - self._wall
        self._row[2] += 1


def _kind(sql: str) -> str:
    """The first words of a statement and the table it names."""
    plain = re.sub(r"--[^\n]*\n", "", sql).strip().lower()
    words = plain.split()
    table = re.search(r'(?:into|from|update|on|table)\s+"?([a-z_]+)"?', plain)
    spooled = " (spool)" if "read_json" in plain else ""
    if words[0] in ("begin", "commit", "rollback", "checkpoint", "set"):
        return words[0]
    return f"{words[0]} {table[1] if table else ''}{spooled}".strip()


def _owning(home: Corpus, scratch: Path, *, last: bool) -> None:
    """One pass in this process with reader processes; `last` prints the result."""
    from ingest.db.database import Database
    from ingest.pipeline.follow import Owner
    from ingest.pipeline.homes import homes
    from ingest.pipeline.reader_pool import ReaderPool

    durations: dict[str, list[float]] = {}
    taken: list[float] = []
    take = ReaderPool.collect

    def timed_take(pool: ReaderPool) -> Any:
        with _Timed(durations, "· waiting for readers"):
            found = take(pool)
        taken.append(time.perf_counter() - began)
        return found

    children = _children()
    began, cpu = time.perf_counter(), time.process_time()
    ReaderPool.collect = timed_take  # type: ignore[method-assign, assignment]
    try:
        with _Timed(durations, "· opening the database"):
            database = Database(scratch / "profile.duckdb")
        spied: Any = database
        spied._con = _Spy(spied._con, durations)
        owner = Owner(database, homes([home.home]))
        with _Timed(durations, "· looking at the home"):
            found = owner.scan()
        owner.read(found.changed)
        with _Timed(durations, "· settling"):
            owner.checkpoint()
        with _Timed(durations, "· closing"):
            database.close()
    finally:
        ReaderPool.collect = take  # type: ignore[method-assign]
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    if last:
        _print_owner(durations, wall, cpu, _children() - children, taken)


def _print_owner(
    durations: dict[str, list[float]], wall: float, cpu: float, readers: float, taken: list[float]
) -> None:
    print(f"\nthe owner: wall {wall:.2f} s, processor {cpu:.2f} s; readers {readers:.2f} s")
    print(f"  load {os.getloadavg()[0]:.1f}, parcels back at " + _moments(taken))
    print(f"  {'':<36}{'cpu s':>8}{'wall s':>9}{'times':>7}")
    ranked = sorted(durations.items(), key=lambda item: -item[1][1])
    for name, (used, took, count) in ranked:
        if took >= 0.002:
            print(f"  {name:<36}{used:8.3f}{took:9.3f}{int(count):7d}")
    print("  (· contains statements; a wait's cpu is that of other threads)", file=sys.stdout)


def _moments(taken: list[float]) -> str:
    return ", ".join(f"{moment:.2f}" for moment in taken[:30]) + " s"


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
