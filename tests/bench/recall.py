"""Queries of the memory of projects, in this process: tasks, resume, journals, search, drawing a
graph; and the cost of masking and of the search index.

Prints the durations by query in seconds. For masking and the index: the processor time of whole
passes with and without it, alternately.
"""

import argparse
import json
import os
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.pipeline.reader_pool import InProcessReader
from ingest.projects.git.read_repository import Git
from ingest.projects.graph.drawing import draw
from ingest.projects.graph.layout import layout
from ingest.projects.journal.build import day_journal, journal_rules, newest_day, session_journal
from ingest.projects.resume.build import resume
from ingest.projects.tasks.roadmap import roadmap
from ingest.server.owner_file import Role
from ingest.sessions.scope import Now, Scope
from ingest.sessions.search.indexer import rebuild
from ingest.sessions.search.query import parse
from ingest.sessions.search.search import search
from ingest.sessions.session import list_sessions
from ingest.text import redact as masking
from ingest.text.redact import mask
from tests.bench.load import timed

NODES = 500
SEARCHES = {
    "one word": "marker",
    "three words": "kernel syntax watch",
    "filtered": "marker kind:command",
}


def remembered(db: Path, runs: int) -> dict[str, list[float]]:
    """The durations of the queries of a project's memory."""
    clock = datetime.now(UTC).replace(tzinfo=None)
    now, rules = Now(clock, timedelta(minutes=10), timedelta(hours=24)), journal_rules(UTC, 20)
    with Database(db) as database:
        newest = list_sessions(database, Scope(limit=1), now)[0]
        day = newest_day(database, None, UTC)
        assert day is not None
        full = day - timedelta(days=1)
        git, reader = Git(os.environ), LocalReader(database)
        return {
            "tasks list": timed(lambda: roadmap(database, Scope(), now), runs),
            "resume": timed(
                lambda: resume(reader, Scope(project=newest.project), now, git, mask), runs
            ),
            "journal show, a session": timed(
                lambda: session_journal(database, newest.id, rules), runs
            ),
            "journal show, a day": timed(lambda: day_journal(database, full, rules), runs),
        }


def searched(db: Path, runs: int) -> dict[str, list[float]]:
    now = datetime.now(UTC).replace(tzinfo=None)
    with Database(db) as database:
        return {
            name: timed(partial(search, LocalReader(database), parse(text, now), now), runs)
            for name, text in SEARCHES.items()
        }


def drawn(runs: int) -> dict[str, list[float]]:
    """Plans of ten steps, each continued in the next one, with some edges added by hand."""
    rng = random.Random(3)
    nodes = [f"n{n}" for n in range(NODES)]
    edges = [(nodes[n], nodes[n + 1]) for n in range(NODES - 1) if n % 10 != 9]
    edges += [(nodes[n * 10], nodes[n * 10 + 10]) for n in range(NODES // 10 - 1)]
    for _ in range(NODES // 10):
        first = rng.randrange(NODES - 30)
        edges.append((nodes[first], nodes[first + rng.randrange(2, 30)]))
    labels = {node: f"Step {node} of a plan" for node in nodes}
    laid = layout(nodes, edges)
    return {
        "layout": timed(lambda: layout(nodes, edges), runs),
        "drawing": timed(lambda: draw(laid, labels, set()), runs),
    }


def masked(home: Path, runs: int) -> dict[str, list[float]]:
    """Whole passes in this process, with and without masking."""
    hits = masking._hits
    took: dict[str, list[float]] = {"with": [], "without": []}
    _pass(home)
    try:
        for _ in range(runs):
            for name, found in (("without", lambda _: []), ("with", hits)):
                masking._hits = found
                took[name].append(_pass(home))
    finally:
        masking._hits = hits
    return took


def indexed(home: Path, runs: int) -> dict[str, list[float]]:
    """Whole passes in this process, and the search index after each."""
    took: dict[str, list[float]] = {"with": [], "without": []}
    _pass(home)
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "tailboard.duckdb"
            without = _pass_into(database, home)
            began = time.process_time()
            with Database(database) as opened:
                rebuild(opened, lambda _done, _all: None)
            took["with"].append(without + time.process_time() - began)
            took["without"].append(without)
    return took


def _pass(home: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _pass_into(Path(folder) / "tailboard.duckdb", home)


def _pass_into(database: Path, home: Path) -> float:
    began = time.process_time()
    found = start_or_connect(database, ServerOptions(homes([home]), Role.INGEST))
    assert isinstance(found, RunningServer)
    with found:
        found.owner.read(found.owner.scan().changed, readers=InProcessReader())
    return time.process_time() - began


PASSES = {"masked": masked, "indexed": indexed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["remembered", "searched", "drawn", *PASSES])
    parser.add_argument("path", type=Path, nargs="?", help="a database; of passes, a home")
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    if chosen.what == "drawn":
        print(json.dumps(drawn(chosen.runs)))
    else:
        work = {"remembered": remembered, "searched": searched, **PASSES}[chosen.what]
        print(json.dumps(work(chosen.path, chosen.runs)))


if __name__ == "__main__":
    main()
