"""Standard error, to which Textual writes, made safe against a terminal that is closed.

Textual's writer thread ends with the first error, and everything that draws then waits for it
forever. So writes to a closed terminal are discarded, and `on_closed` is called once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Terminal:
    """Stands in for a text stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._closed = False
        self.on_closed: Callable[[], object] = lambda: None
        """Called once, on the thread that writes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if not self._closed:
            try:
                return self._stream.write(text)
            except OSError:
                self._close()
        return len(text)

    def flush(self) -> None:
        if not self._closed:
            try:
                self._stream.flush()
            except OSError:
                self._close()

    def _close(self) -> None:
        self._closed = True
        self.on_closed()


@contextmanager
def terminal() -> Iterator[Terminal | None]:
    """Replaces standard error for the duration of the context; None if there is none."""
    stream = sys.__stderr__
    if stream is None:
        yield None
        return
    replacement = Terminal(stream)
    sys.__stderr__ = replacement  # type: ignore[misc, assignment]
    try:
        yield replacement
    finally:
        sys.__stderr__ = stream  # type: ignore[misc]
