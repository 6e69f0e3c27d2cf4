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
WISH = ServerOptions([], Role.FOLLOW)
BETWEEN_COMMITS, BETWEEN_LOOKS = 0.005, 0.02
"""Seconds that leave the processor to the processes that are just starting. Most of the time the
owner is in the middle of a commit all the same."""
LONG_PATIENCE = 10.0
"""Seconds for many guests, of whom one is just becoming the next owner."""


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def figures(reading: QueryReader) -> int:
    problems, pauses = reading.run_consistent(BOTH)
    if [row["code"] for row in problems] != [row["code"] for row in pauses]:
        say("torn", problems, pauses)
    return int(pauses[0]["code"]) if pauses else 0


def commit(owned: RunningServer, number: int) -> None:
    database = owned.database
    problem = {"code": str(number), "path": "p", "message": "m", "hint": "h"}
    with database.transaction():
        database.run("registry.drop_problems", home="h")
        database.run("queue.resume")
        database.run("registry.add_problems", home="h", problems=[problem], now="2026-01-01")
        database.run("queue.pause", code=str(number), message="m", hint="h", now="2026-01-01")


def own(owned: RunningServer, seen: int) -> None:
    number = figures(owned.reading)
    say("owner", number)
    if number < seen:
        say("lost", seen, number)
    while True:
        number += 1
        commit(owned, number)
        say("committed", number)
        time.sleep(BETWEEN_COMMITS)


def visit(guest: DatabaseClient, seen: int) -> int:
    """Read until the owner has ended; returns the newest figure."""
    say("guest", guest.host.pid)
    while True:
        try:
            number = figures(guest)
        except OwnerGone:
            return seen
        if number < seen:
            say("lost", seen, number)
        say("saw", number)
        seen = number
        time.sleep(BETWEEN_LOOKS)


def main(path: Path) -> None:
    found, seen = start_or_connect(path, WISH), 0
    while isinstance(found, DatabaseClient):
        seen = visit(found, seen)
        began = time.monotonic()
        found.close()
        found = start_or_connect(path, WISH, timeout=LONG_PATIENCE)
        say("again", round(time.monotonic() - began, 3))
    own(found, seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
