"""A bound on the memory that is taken while a statement of a person runs.

The engine counts what it keeps, but not what some of its functions make of one value. The system
refuses more than the bound; the engine then ends that statement alone.
"""

import contextlib
import re
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST: Final = 768 * 1024 * 1024
"""Bytes that may come on top of what the process has when the first of them begins."""
_DATA = re.compile(r"^VmData:\s+(\d+) kB", re.MULTILINE)
_lock = threading.Lock()
_inside = 0
_before = resource.getrlimit(resource.RLIMIT_DATA)


@contextlib.contextmanager
def bounded_memory(most: int = MOST) -> Iterator[None]:
    """Bound the whole process for as long as any of the blocks is entered."""
    global _inside, _before
    with _lock:
        _inside += 1
        if _inside == 1:
            _before = resource.getrlimit(resource.RLIMIT_DATA)
            _limit(most)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                resource.setrlimit(resource.RLIMIT_DATA, _before)


def _limit(most: int) -> None:
    # Only Linux tells how much there is, and counts all of it against the bound.
    with contextlib.suppress(OSError, ValueError):
        found = _DATA.search(Path("/proc/self/status").read_text("ascii", "replace"))
        if found:
            bound = int(found[1]) * 1024 + most
            soft, hard = _before
            unlimited = resource.RLIM_INFINITY
            kept = [one for one in (bound, soft, hard) if one != unlimited]
            resource.setrlimit(resource.RLIMIT_DATA, (min(kept), hard))
