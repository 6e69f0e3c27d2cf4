"""What readers died of, while each had one batch alone: a line, or the opening of its file.

A death proves little: people and systems end processes. So a line is set aside only after a reader
died at exactly that line more than once, with nothing else in hand. What is known here is known to
this process alone; the next one finds it out again.
"""

from msgspec import Struct


class DeathPlace(Struct, frozen=True):
    """How far a reader had come, as it told last."""

    byte: int
    exact: bool
    """Whether it was at the line that begins there, and not only in the block."""


class ReaderDeaths:
    def __init__(self) -> None:
        self._last: dict[str, DeathPlace] = {}
        self._aside: dict[str, list[int]] = {}

    def last_byte(self, batch: str) -> int | None:
        """Where the next reader of this batch tells every line it comes to."""
        last = self._last.get(batch)
        return None if last is None else last.byte

    def lines_to_skip(self, batch: str) -> list[int]:
        """The lines of this batch that are not to be decoded any more."""
        return self._aside.get(batch, [])

    def record(self, batch: str, place: DeathPlace) -> None:
        """One more reader died there, alone with this batch."""
        if place.exact and self._last.get(batch) == place:
            self._aside.setdefault(batch, []).append(place.byte)
        self._last[batch] = place
