"""How a command reaches the database: for reading, or exclusively.

A reading command gets a `QueryReader`: through the socket of the process that has the database
open, in this process if no other has it, or an empty one if there is no database yet.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ingest.cli.invocation import Invocation
from ingest.db.query_reader import NOTHING_YET, EmptyReader, QueryReader
from ingest.errors import OwnerGone, OwnerTimeout
from ingest.server.client import DatabaseClient

if TYPE_CHECKING:
    from ingest.db.database import Database

T = TypeVar("T")

AGAIN_SECONDS = 300.0
"""How long to retry with the next owner if the present one ends during a query."""


@contextmanager
def open_for_reading(invocation: Invocation) -> Iterator[QueryReader]:
    """A consistent view: all queries of the command see the same snapshot, even if the owner
    commits meanwhile.
    """
    path = invocation.settings.db
    if not path.exists():
        invocation.output.note(NOTHING_YET)
        yield EmptyReader(path)
        return
    reader: QueryReader | None = connect_to_owner(path)
    if reader is None:
        # Imported late: a client of the owner does not need the database engine.
        from ingest.pipeline.bootstrap import open_reader

        reader = open_reader(path, invocation.now)
    try:
        with reader.snapshot():
            yield reader
    finally:
        reader.close()


@contextmanager
def open_for_writing(invocation: Invocation) -> Iterator["Database"]:
    """Open the database exclusively; create it if it does not exist."""
    from ingest.pipeline.bootstrap import open_exclusive

    with open_exclusive(invocation.settings.db, invocation.now, invocation.output.note) as database:
        yield database


def read_after_action(
    invocation: Invocation, reader: QueryReader, question: Callable[[QueryReader], T]
) -> T:
    """Query the state after an action. If the owner ended meanwhile, ask the next owner: a command
    that changed something must not be run again as a whole.
    """
    try:
        return question(reader)
    except OwnerGone:
        deadline = time.monotonic() + AGAIN_SECONDS
    while True:
        try:
            with open_for_reading(invocation) as other:
                return question(other)
        except OwnerGone:
            if time.monotonic() >= deadline:
                raise


def connect_to_owner(path: Path) -> DatabaseClient | None:
    """Connect to the owner; None if there is none, or if it does not respond."""
    try:
        return DatabaseClient(path)
    except (OwnerGone, OwnerTimeout):
        return None
