"""How much one group of batches may take, besides the bytes it may read.

A batch ends early once it holds many facts or rejected lines, or has taken long: so that memory and
spool stay small whatever the lines are, and one file delays the others by a batch at the most. What
is left of a file is its next batch. A batch reads one block at any rate.
"""

import time
from collections.abc import Callable
from typing import Final

from ingest.codex.facts import Facts

SECONDS: Final = 1.0
"""Of the processor: a machine with other work must not make batches smaller, which costs more."""
FACTS: Final = 60_000
REJECTS: Final = 2_000
REJECT_BYTES: Final = 16 * 1024**2
"""Of what is kept of rejected lines."""


class Budget:
    """Shared by the batches of one group, which are read one after the other."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._until = clock() + SECONDS
        self._facts = FACTS
        self._rejects = REJECTS
        self._reject_bytes = REJECT_BYTES
        self._begun = 0.0

    def begin(self) -> None:
        """The file of a batch is being opened."""
        self._begun = self._clock()

    def opened(self) -> None:
        """It is open, and read from now on: for as long as that took, if for no longer. Else a
        compressed file, which is unpacked to be opened, would be opened again for each block.
        """
        now = self._clock()
        self._until = max(self._until, now + (now - self._begun))

    def is_exhausted(self, facts: Facts) -> bool:
        """Whether the batch that has found these is to end now."""
        rejects = facts.rejects
        return (
            facts.count() >= self._facts
            or len(rejects) >= self._rejects
            or sum(len(one.head) + len(one.tail) for one in rejects) >= self._reject_bytes
            or self._clock() >= self._until
        )

    def charge(self, facts: Facts) -> None:
        """A batch has ended with these."""
        self._facts -= facts.count()
        self._rejects -= len(facts.rejects)
        self._reject_bytes -= sum(len(one.head) + len(one.tail) for one in facts.rejects)
