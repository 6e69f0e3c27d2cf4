"""A batch: one range of one generation of one source, or one unit of another kind of work.

Its id is computed from the start of the range, so that a retry always finds its own row, even if
the range has grown since. `ingest.db.queue` stores batches and changes their state.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import NewType

import msgspec

BatchId = NewType("BatchId", str)


class Kind(StrEnum):
    INGEST = "ingest"
    """Bytes of a source become facts."""
    JOURNAL = "journal"
    """Facts become an exported journal."""
    STATE = "state"
    """Facts become the state files of a project."""
    OBSERVE = "observe"
    """Facts are handed to a command that summarises them."""
    SHARE = "share"
    """What is shared of a project goes to the team's store."""


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
