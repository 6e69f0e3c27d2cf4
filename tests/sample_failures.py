"""What can go wrong, put into a database that is shown: batches of every kind, files, orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.batches.action import Verb
from ingest.batches.state import State
from ingest.db.database import Database
from ingest.errors import ErrorClass
from tests.app_harness import Stage
from tests.sample_home import everything
from tests.unit.db import queued


def trouble(database: Database) -> None:
    """Batches that failed, were given up, put off and cancelled, of sources that are there."""
    for source, start in ((1, 1_200_000), (2, 98_304), (3, 4_096)):
        one = queued.key(source, start)
        queued.take(database, one, source)
        queued.fail(
            database,
            one.id,
            code="io.EIO",
            message=f"Read error at byte {start + 33_408:,}: Input/output error.",
            hint="Look at the disk; what was read before is kept.",
        )
    odd = queued.key(4, 512)
    queued.take(database, odd, 4)
    queued.fail(
        database,
        odd.id,
        ErrorClass.DATA,
        code="fold.odd",
        message="A line cannot be understood.",
        hint="It is kept; the next version may read it.",
    )
    queued.add(database, 5, State.SNOOZED, 2_048)
    queued.add(database, 6, State.CANCELLED, 2_048)
    queued.order(database, Verb.RETRY, queued.key(3, 4_096).id)
    with database.transaction():
        database.execute(
            "update sources set state = 'damaged', error_code = 'source.damaged', "
            "error = 'The compressed file ends before it is complete.' where id = 2"
        )
        database.execute("update sources set state = 'missing' where id = 3")


@contextmanager
def troubled(tmp: Path) -> Iterator[Stage]:
    """A stage on which all that has happened. What the owner does by itself is not waited for."""
    stage = Stage(tmp)
    everything(stage.home)
    stage.open()
    stage.read()
    stage.close()
    stage.now = queued.NOW
    with Database(stage.db) as database:
        trouble(database)
    stage.open()
    try:
        yield stage
    finally:
        stage.close()
