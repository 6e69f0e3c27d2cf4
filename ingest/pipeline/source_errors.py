"""The error state of sources: missing, unreadable, damaged, or following again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ingest.batches.failure import READER_DIED, Failure
from ingest.db.database import Database
from ingest.errors import ErrorClass
from ingest.pipeline.job import SourceFailure

REREAD_KILLED_AFTER: Final = timedelta(days=7)
"""Time after which a file is read again that has a line which killed its reader."""

Outcome = tuple[int, Failure | None]
"""A source and its failure; None if it was read successfully."""

_STATES = {
    "source.missing": "missing",
    "source.unreadable": "unreadable",
    "source.damaged": "damaged",
    "source.too_large": "too_large",
}


def to_failure(source_failure: SourceFailure | None) -> Failure:
    """Convert the failure of a reader to a failure of the queue."""
    if source_failure is None:
        raise ValueError("nothing failed")
    return Failure(
        code=source_failure.code,
        cls=ErrorClass(source_failure.error_class),
        message=source_failure.message,
        hint=source_failure.hint,
    )


def record_errors(database: Database, outcomes: Sequence[Outcome], now: str) -> None:
    """Store the state of these sources in one transaction."""
    if not outcomes:
        return
    with database.transaction():
        for source, failure in outcomes:
            state = "following" if failure is None else _STATES.get(failure.code, "following")
            database.run(
                "registry.set_state",
                source=source,
                state=state,
                error_code=failure and failure.code,
                error=failure and failure.message,
                now=now,
            )


def reread_killed(database: Database, now: datetime) -> None:
    """Mark files to be read again from the beginning if one of their lines was rejected a while ago
    because it killed readers: the cause may have been the machine.
    """
    rows = database.rows("registry.killed", before=(now - REREAD_KILLED_AFTER).isoformat())
    sources = [row["source"] for row in rows]
    if not sources:
        return
    with database.transaction():
        database.run("reset.doubt", sources=sources)
    # The recorded error makes another process read them.
    record_errors(database, [(source, READER_DIED) for source in sources], now.isoformat())
