"""Where readers died while they read a single batch: at a line, or while opening the file.

One death proves little: users and systems kill processes. So a line is rejected only after two
isolated readers in a row died at exactly that line. This is kept in memory only.
"""

from msgspec import Struct


class DeathPlace(Struct, frozen=True):
    """The last position that a reader reported."""

    byte: int
    exact: bool
    """Whether the position is that of a line, not only of its block."""


class ReaderDeaths:
    def __init__(self) -> None:
        self._last: dict[str, DeathPlace] = {}
        self._skip: dict[str, list[int]] = {}

    def last_byte(self, batch: str) -> int | None:
        """The byte of the last death: the next reader reports every line of that block."""
        last = self._last.get(batch)
        return None if last is None else last.byte

    def lines_to_skip(self, batch: str) -> list[int]:
        """Offsets of lines of this batch that must not be decoded."""
        return self._skip.get(batch, [])

    def record(self, batch: str, place: DeathPlace) -> None:
        """Record that an isolated reader of this batch died there."""
        if place.exact and self._last.get(batch) == place:
            self._skip.setdefault(batch, []).append(place.byte)
        self._last[batch] = place
