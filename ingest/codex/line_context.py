"""The position of the fold: the line being decoded, for the facts made from it."""


class LineContext:
    """Source, offset, length and time of the current line, and the turn it belongs to."""

    __slots__ = ("at", "last_at", "length", "offset", "ordinal", "source", "turn")

    def __init__(self, source: int) -> None:
        self.source = source
        self.offset = 0
        self.length = 0
        self.at: str | None = None
        self.ordinal: int | None = None
        self.last_at: str | None = None
        self.turn = 0
