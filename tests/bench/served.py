"""A client that queries the owner while it reads a backlog. Runs as a process of its own.

Runs the queries of the screens, one after the other with a short pause, from the first answer until
everything is read; prints the durations in seconds by the name of the query.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.errors import OwnerGone
from ingest.server.client import DatabaseClient

PATIENCE = 30.0
LISTED = "select count(*) from v_sessions"
READ = "select coalesce(sum(lines), 0)::bigint from v_sources where kind = 'rollout'"
REST = 0.02
QUESTIONS: Final[dict[str, dict[str, object]]] = {
    "status.sources": {},
    "status.queue": {"now": "2026-11-21T12:00:00"},
    "status.pauses": {},
    "batches.counts": {},
    "batches.listed": {
        **dict.fromkeys(("state", "kind", "error", "session", "since", "until")),
        "limit": 100,
        "offset": 0,
    },
    "sessions.unfinished": {},
    "sessions.listed": {
        **dict.fromkeys(("project", "branch", "session", "since", "until")),
        "limit": 1000,
        "folder": None,
        "offset": 0,
    },
}


class Listed(Struct, frozen=True):
    wall: float
    sessions: int


def connect(db: Path) -> DatabaseClient:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return DatabaseClient(db)
        except OwnerGone:
            if time.monotonic() > until:
                raise
            time.sleep(REST)


@contextmanager
def owned(home: Path, db: Path) -> Iterator[tuple[int, DatabaseClient]]:
    """A process that follows a home; its id, and a client of it."""
    program = str(Path(sys.executable).with_name("tailboard"))
    owner = subprocess.Popen(
        [program, "ingest", "--follow", "-q", "--codex-home", str(home), "--db", str(db)],
        stdout=subprocess.DEVNULL,
    )
    try:
        with connect(db) as client:
            yield owner.pid, client
    finally:
        owner.terminate()
        owner.wait()


def until_listed(program: list[str], env: Mapping[str, str], home: Path, db: Path) -> Listed:
    """How long an owner of a new database takes until all facts are stored and a client sees all
    sessions. It fills the search index afterwards, which is not waited for."""
    argv = [*program, "ingest", "--follow", "--json", "--codex-home", str(home), "--db", str(db)]
    began = time.perf_counter()
    with subprocess.Popen(argv, env=dict(env), stdout=subprocess.PIPE) as owner:
        try:
            # Printed when a round has ended: everything is committed.
            next(iter(owner.stdout or ()))
            with connect(db) as client:
                sessions = client.sql(LISTED).rows[0][0]
                return Listed(time.perf_counter() - began, sessions)
        finally:
            owner.terminate()


def measure(home: Path, db: Path, lines: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    rest = threading.Event()
    with owned(home, db) as (_, client):
        read = 0
        while read < lines:
            for name, values in QUESTIONS.items():
                began = time.perf_counter()
                client.rows(name, **values)
                took[name].append(time.perf_counter() - began)
                rest.wait(REST)
            read = client.sql(READ).rows[0][0]
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("db", type=Path)
    parser.add_argument("lines", type=int, help="how many there are to read")
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.home, chosen.db, chosen.lines)))


if __name__ == "__main__":
    main()
