"""Limits on one group of batches besides bytes: processor time, facts and rejected lines.

A batch ends early when a limit is reached. That bounds memory and spool whatever the lines are, and
one file delays the others by one batch at most. The rest of the file is its next batch. A batch
always reads at least one block.
"""

import time
from collections.abc import Callable
from typing import Final

from ingest.codex.facts import Facts

SECONDS: Final = 1.0
"""Processor time, not wall time: a busy machine must not get smaller batches, which cost more."""
FACTS: Final = 60_000
REJECTS: Final = 2_000
REJECT_BYTES: Final = 16 * 1024**2
"""Bytes of rejected lines that are stored."""


class Budget:
    """Shared by the batches of one group, which are read sequentially."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._until = clock() + SECONDS
        self._facts = FACTS
        self._rejects = REJECTS
        self._reject_bytes = REJECT_BYTES
        self._begun = 0.0

    def begin(self) -> None:
        """Call before the file of a batch is opened."""
        self._begun = self._clock()

    def opened(self) -> None:
        """Call when the file is open. Reading may take at least as long as opening did: opening a
        compressed file unpacks it, and would else be repeated for each block.
        """
        now = self._clock()
        self._until = max(self._until, now + (now - self._begun))

    def is_exhausted(self, facts: Facts) -> bool:
        """Whether the batch with these facts must end now."""
        rejects = facts.rejects
        return (
            facts.count() >= self._facts
            or len(rejects) >= self._rejects
            or sum(len(reject.head) + len(reject.tail) for reject in rejects) >= self._reject_bytes
            or self._clock() >= self._until
        )

    def charge(self, facts: Facts) -> None:
        """Subtract the facts of a finished batch."""
        self._facts -= facts.count()
        self._rejects -= len(facts.rejects)
        self._reject_bytes -= sum(len(reject.head) + len(reject.tail) for reject in facts.rejects)
