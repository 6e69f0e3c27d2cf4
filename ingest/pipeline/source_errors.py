"""What failed readings say of their sources: that they are missing, damaged, or followed again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ingest.batches.failure import READER_DIED, ErrorClass, Failure
from ingest.db.database import Database
from ingest.pipeline.job import SourceFailure

REREAD_KILLED_AFTER: Final = timedelta(days=7)
"""After which a file is read again whose reader died of one of its lines."""

Outcome = tuple[int, Failure | None]
"""A source, and what reading it came to; None where it went well again."""

_STATES = {
    "source.missing": "missing",
    "source.unreadable": "unreadable",
    "source.damaged": "damaged",
    "source.too_large": "too_large",
}


def to_failure(trouble: SourceFailure | None) -> Failure:
    """A reader's answer in the words of the queue."""
    if trouble is None:
        raise ValueError("nothing failed")
    return Failure(
        code=trouble.code,
        cls=ErrorClass(trouble.error_class),
        message=trouble.message,
        hint=trouble.hint,
    )


def record_errors(database: Database, seen: Sequence[Outcome], now: str) -> None:
    """Write down how these sources stand, all at once."""
    if not seen:
        return
    with database.transaction():
        for source, why in seen:
            state = "following" if why is None else _STATES.get(why.code, "following")
            database.run(
                "registry.set_state",
                source=source,
                state=state,
                error_code=why and why.code,
                error=why and why.message,
                now=now,
            )


def reread_killed(database: Database, now: datetime) -> None:
    """Have files read again from the beginning of which a line was set aside long ago, because
    readers died of it: that may have been the machine's fault.
    """
    found = database.rows("registry.killed", before=(now - REREAD_KILLED_AFTER).isoformat())
    sources = [row["source"] for row in found]
    if not sources:
        return
    with database.transaction():
        database.run("reset.doubt", sources=sources)
    # And by a process of its own.
    record_errors(database, [(source, READER_DIED) for source in sources], now.isoformat())
