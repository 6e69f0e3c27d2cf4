"""A database with failures: batches in every state, damaged files, recorded actions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.batches.action import Verb
from ingest.batches.state import State
from ingest.db.database import Database
from ingest.errors import ErrorClass
from tests.app_harness import AppHarness
from tests.sample_home import everything
from tests.unit.db import queued


def add_failures(database: Database) -> None:
    """Failed, dead, snoozed and cancelled batches of existing sources."""
    for source, start in ((1, 1_200_000), (2, 98_304), (3, 4_096)):
        one = queued.key(source, start)
        queued.claim_batch(database, one, source)
        queued.fail(
            database,
            one.id,
            code="io.EIO",
            message=f"Read error at byte {start + 33_408:,}: Input/output error.",
            hint="Check the disk. What was read before is stored.",
        )
    odd = queued.key(4, 512)
    queued.claim_batch(database, odd, 4)
    queued.fail(
        database,
        odd.id,
        ErrorClass.DATA,
        code="fold.odd",
        message="A line cannot be decoded.",
        hint="It is stored; a newer version may decode it.",
    )
    queued.add(database, 5, State.SNOOZED, 2_048)
    queued.add(database, 6, State.CANCELLED, 2_048)
    queued.act(database, Verb.RETRY, queued.key(3, 4_096).id)
    with database.transaction():
        database.execute(
            "update sources set state = 'damaged', error_code = 'source.damaged', "
            "error = 'The compressed file ends before it is complete.' where id = 2"
        )
        database.execute("update sources set state = 'missing' where id = 3")


@contextmanager
def run_failing_harness(tmp: Path) -> Iterator[AppHarness]:
    """A harness with these failures. Does not wait for what the owner does on its own."""
    harness = AppHarness(tmp)
    everything(harness.home)
    harness.start_owner()
    harness.ingest()
    harness.stop_owner()
    harness.now = queued.NOW
    with Database(harness.db) as database:
        add_failures(database)
    harness.start_owner()
    try:
        yield harness
    finally:
        harness.stop_owner()
