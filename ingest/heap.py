"""Keeps the memory of processes small that have several threads.

The C library of Linux gives every few threads a heap of their own, and each keeps the size of the
largest query or drawing that ever ran in it. Here all threads share one.
"""

import contextlib
from typing import Final

_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of `malloc.h`."""


def share_heap() -> None:
    """Call at the start, before there are threads. Does nothing where there are no such heaps."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
