"""A batch: one range of one generation of one source, or one piece of another kind of work.

Promises an identity that follows from where the range starts, so that a retry always meets its
own row, also after the range has grown. A record of values; who stores and moves it is left to
the store.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import NewType

import msgspec

from ingest.batches.failure import Failure
from ingest.batches.state import State

BatchId = NewType("BatchId", str)
LeaseToken = NewType("LeaseToken", str)


class Kind(StrEnum):
    INGEST = "ingest"
    """Bytes of a source become facts."""
    JOURNAL = "journal"
    """Facts become an exported journal."""
    OBSERVE = "observe"
    """Facts are handed to a command that summarises them."""


class BatchKey(msgspec.Struct, frozen=True):
    kind: Kind
    source: str
    generation: int
    start: int

    @property
    def id(self) -> BatchId:
        """Sixteen hexadecimal digits, the same on every machine and after every rebuild."""
        # The source comes last, as it alone may hold a colon.
        text = f"{self.kind}:{self.generation}:{self.start}:{self.source}"
        return BatchId(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the queue. All times are naive UTC."""

    id: BatchId
    kind: Kind
    source: str
    generation: int
    start: int
    end: int
    """Exclusive. May grow while the batch waits, never once it is claimed."""
    state: State
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    """Failures charged since a person last retried it; the running attempt is not among them."""
    lifetime_attempts: int = 0
    """Failures ever charged; never lowered."""
    rescues: int = 0
    """How often its owner died while working on it; never lowered."""
    lease_token: LeaseToken | None = None
    """New for each claim: who lost the lease cannot write with the old one."""
    claimed_by: str | None = None
    """The instance that holds the lease."""
    heartbeat_at: datetime | None = None
    retry_at: datetime | None = None
    not_before: datetime | None = None
    error: Failure | None = None
    """The last failure; kept while the next attempt runs."""

    @property
    def key(self) -> BatchKey:
        return BatchKey(self.kind, self.source, self.generation, self.start)
