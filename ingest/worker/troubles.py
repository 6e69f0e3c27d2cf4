"""What failed readings say of their sources: that they are missing, damaged, or followed again."""

from collections.abc import Sequence

from ingest.batches.failure import ErrorClass, Failure
from ingest.store.database import Database
from ingest.worker.job import Trouble

Seen = tuple[int, Failure | None]
"""A source, and what reading it came to; None where it went well again."""

_STATES = {
    "source.missing": "missing",
    "source.unreadable": "unreadable",
    "source.damaged": "damaged",
    "source.too_large": "too_large",
}


def failure(trouble: Trouble | None) -> Failure:
    """A reader's answer in the words of the queue."""
    if trouble is None:
        raise ValueError("nothing failed")
    return Failure(
        code=trouble.code,
        cls=ErrorClass(trouble.error_class),
        message=trouble.message,
        hint=trouble.hint,
    )


def keep(database: Database, seen: Sequence[Seen], now: str) -> None:
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
