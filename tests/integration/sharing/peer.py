"""One of several processes at one database; prints a line for each event.

As the owner it commits two figures that must be equal, again and again, and prints each commit. As
a client it reads both from one snapshot and prints them; when the owner has ended it takes over.
"""

import sys
import time
from pathlib import Path

from ingest.db.query_reader import Query, QueryReader
from ingest.errors import OwnerGone
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role

BOTH: list[Query] = [("registry.problems", {"home": "h"}), ("queue.pauses", {})]
OPTIONS = ServerOptions([], Role.FOLLOW)
BETWEEN_COMMITS, BETWEEN_READS = 0.005, 0.02
"""Pauses in seconds that leave the processor to starting processes. The owner is still in the
middle of a commit most of the time."""
LONG_TIMEOUT = 10.0
"""Seconds to connect while one of many clients becomes the next owner."""


def report(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def figures(reading: QueryReader) -> int:
    problems, pauses = reading.run_consistent(BOTH)
    if [row["code"] for row in problems] != [row["code"] for row in pauses]:
        report("torn", problems, pauses)
    return int(pauses[0]["code"]) if pauses else 0


def commit(owned: RunningServer, number: int) -> None:
    database = owned.database
    problem = {"code": str(number), "path": "p", "message": "m", "hint": "h"}
    with database.transaction():
        database.run("registry.drop_problems", home="h")
        database.run("queue.resume")
        database.run("registry.add_problems", home="h", problems=[problem], now="2026-01-01")
        database.run("queue.pause", code=str(number), message="m", hint="h", now="2026-01-01")


def run_owner(owned: RunningServer, seen: int) -> None:
    number = figures(owned.reading)
    report("owner", number)
    if number < seen:
        report("lost", seen, number)
    while True:
        number += 1
        commit(owned, number)
        report("committed", number)
        time.sleep(BETWEEN_COMMITS)


def read_until_owner_ends(client: DatabaseClient, seen: int) -> int:
    """Read until the owner has ended; returns the newest figure."""
    report("client", client.host.pid)
    while True:
        try:
            number = figures(client)
        except OwnerGone:
            return seen
        if number < seen:
            report("lost", seen, number)
        report("saw", number)
        seen = number
        time.sleep(BETWEEN_READS)


def main(path: Path) -> None:
    found, seen = start_or_connect(path, OPTIONS), 0
    while isinstance(found, DatabaseClient):
        seen = read_until_owner_ends(found, seen)
        began = time.monotonic()
        found.close()
        found = start_or_connect(path, OPTIONS, timeout=LONG_TIMEOUT)
        report("again", round(time.monotonic() - began, 3))
    run_owner(found, seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
