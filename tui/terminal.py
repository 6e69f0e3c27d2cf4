"""The terminal the dashboard is drawn on, which may go away while it is drawn.

Textual writes on a thread that ends with the first error; whoever draws then waits for it for ever.
So a terminal that is gone takes everything that is written and shows nothing, and says so once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Terminal:
    """As the stream it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False
        self.hung_up: Callable[[], object] = lambda: None
        """Called once, on the thread that wrote."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if not self._gone:
            try:
                return self._stream.write(text)
            except OSError:
                self._lose()
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            try:
                self._stream.flush()
            except OSError:
                self._lose()

    def _lose(self) -> None:
        self._gone = True
        self.hung_up()


@contextmanager
def terminal() -> Iterator[Terminal | None]:
    """What Textual draws on, as long as this lasts; None where there is nothing to draw on."""
    stream = sys.__stderr__
    if stream is None:
        yield None
        return
    drawn_on = Terminal(stream)
    sys.__stderr__ = drawn_on  # type: ignore[misc, assignment]
    try:
        yield drawn_on
    finally:
        sys.__stderr__ = stream  # type: ignore[misc]
