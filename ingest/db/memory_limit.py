"""Limits the memory of the process while a person's statement runs.

The engine's own memory limit does not count what some functions allocate for one value. Beyond
this limit the operating system refuses the allocation, and the engine ends only that statement.
"""

import contextlib
import re
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST: Final = 768 * 1024 * 1024
"""Bytes beyond what the process uses when the first statement begins."""
_DATA = re.compile(r"^VmData:\s+(\d+) kB", re.MULTILINE)
_lock = threading.Lock()
_active = 0
_previous_limit = resource.getrlimit(resource.RLIMIT_DATA)


@contextlib.contextmanager
def bounded_memory(most: int = MOST) -> Iterator[None]:
    """Limit the whole process while any thread is in such a block."""
    global _active, _previous_limit
    with _lock:
        _active += 1
        if _active == 1:
            _previous_limit = resource.getrlimit(resource.RLIMIT_DATA)
            _set_limit(most)
    try:
        yield
    finally:
        with _lock:
            _active -= 1
            if not _active:
                resource.setrlimit(resource.RLIMIT_DATA, _previous_limit)


def _set_limit(most: int) -> None:
    # Only Linux reports the current size and counts all of it against the limit.
    with contextlib.suppress(OSError, ValueError):
        size = _DATA.search(Path("/proc/self/status").read_text("ascii", "replace"))
        if size:
            limit = int(size[1]) * 1024 + most
            soft, hard = _previous_limit
            limits = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
            resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
