"""Runs full garbage collections while the person does not type.

A full collection takes as long as drawing a screen, and Python starts it when most objects are
created: right after a key. Promises that it runs in a pause of typing, and that memory does not
grow without limit if there is no pause.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

from ingest.gc_scheduler import freeze_loaded

IDLE_SECONDS: Final = 1.5
"""Without a key for this long, the person is considered idle."""
DUE_AFTER: Final = 10
"""Collections of the middle generation after which a full one is due: Python's own default."""
OVERDUE_AFTER: Final = 200
"""The same, after which it runs even while the person types."""
_NEVER: Final = 1_000_000


class IdleCollector:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last_input = monotonic()

    def start(self) -> None:
        """Take over full collections from Python. What is loaded is never collected."""
        freeze_loaded()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)

    def input_received(self) -> None:
        self._last_input = self._monotonic()

    def tick(self) -> None:
        """Collect if it is time. Called every second."""
        count = gc.get_count()[2]
        idle = self._monotonic() - self._last_input >= IDLE_SECONDS
        if (count >= DUE_AFTER and idle) or count >= OVERDUE_AFTER:
            gc.collect()
