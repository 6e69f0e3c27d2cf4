"""Looks for garbage while nobody waits.

A full look takes as long as drawing a screen; by itself it comes while there is most to do, which
is when somebody pressed a key. Promises that it comes in a pause, and that a long time without any
does not fill the memory.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

from ingest.gc_scheduler import freeze_loaded

REST: Final = 1.5
"""Seconds without a key, after which there is a pause."""
WORTH: Final = 10
"""Looks at what is younger, after which a full one is worth it: as often as by itself."""
OVERDUE: Final = 200
"""And after which it must not wait for a pause any longer."""
_NEVER: Final = 1_000_000


class IdleCollector:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._touched = monotonic()

    def begin(self) -> None:
        """From now on; what is loaded is there to stay."""
        freeze_loaded()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)

    def touch(self) -> None:
        """Somebody is at work."""
        self._touched = self._monotonic()

    def tick(self) -> None:
        """Time has passed."""
        waiting = gc.get_count()[2]
        pauses = self._monotonic() - self._touched >= REST
        if (waiting >= WORTH and pauses) or waiting >= OVERDUE:
            gc.collect()
