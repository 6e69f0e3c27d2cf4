"""Runs of consecutive lines without a record: where a run ends, and what is stored of it.

A run is stored as one rejected row: its position, number of lines, extent, and the first line as an
example. Empty lines within it count. Most of a run is found by searching bytes, without a step for
each line, so that garbage costs little more than reading it.
"""

import re
from re import Pattern
from typing import Final

from msgspec import Struct

from ingest.codex.facts import Reject

_OBJECT: Final = re.compile(rb"\{[ \t\r]*[\"}]")
"""Every JSON object contains this; a line without it contains no record."""
_OBJECT_AT_START: Final = re.compile(rb"[\x00 \t\r\v\f\xef\xbb\xbf]*\{[ \t\r]*[\"}]")
_BLANKS: Final = b" \t\r\v\f"
_NON_BLANK_MAP: Final = bytes(10 if byte == 10 else 120 for byte in range(256))
"""Maps every byte except the newline to `x`."""


class Tally(Struct):
    """The lines by result: each is stored, rejected or skipped, and counted once."""

    lines: int = 0
    stored: int = 0
    rejected: int = 0
    blank: int = 0


class RejectedRun(Struct, array_like=True, gc=False):
    """The run that the last line read belongs to; the next line can extend it."""

    byte: int
    """Its start, and the key of its row."""
    lines: int
    extent: int
    """Bytes up to the end of its last line, without the newline."""
    end: int
    """Where the next line begins."""


class RejectedRuns:
    """The runs of one range. For a run that began in an earlier range, its growth is returned."""

    def __init__(
        self,
        tally: Tally,
        rejects: list[Reject],
        open_run_before: RejectedRun | None,
        resync: Pattern[bytes],
    ) -> None:
        self._tally = tally
        self._rejects = rejects
        self._resync = resync
        """How a record begins that follows a torn one."""
        self._run = open_run_before
        self._row: Reject | None = None
        self._from_earlier_range = open_run_before is not None
        self.grown: RejectedRun | None = None

    def open_at(self, offset: int) -> bool:
        """Whether a rejected line at `offset` belongs to the run before it."""
        return self._run is not None and self._run.end == offset

    def extend(self, offset: int, length: int) -> bool:
        """Count one more rejected line; False if it begins a new run."""
        self._tally.rejected += 1
        return self._add(offset, 1, length, length + 1)

    def start(self, row: Reject) -> None:
        """The rejected line `row`, which is counted already, may begin a run."""
        self._rejects.append(row)
        self._row, self._from_earlier_range = row, False
        self._run = RejectedRun(row.byte, 1, row.length, row.byte + row.length + 1)

    def blank(self, offset: int, length: int) -> None:
        """An empty line does not end a run."""
        self._tally.blank += 1
        self._add(offset, 0, 0, length + 1)

    def skip(self, data: bytes, at: int, offset: int, line: bytes = b"") -> int:
        """Skip the lines from `at` on that contain no record and need no row of their own;
        return where the next line begins that must be decoded. `data` are whole lines, the one
        at `at` begins at `offset`, and `line` precedes it: an exact repetition of it is rejected
        in the same way.
        """
        begin = at
        if line and self.open_at(offset) and (count := count_repeats(data, at, line)):
            at += count * (len(line) + 1)
            self._tally.lines += count
            self._tally.rejected += count
            self._add(offset, count, at - begin - 1, at - begin)
        end = _next_possible_record(data, at, self._resync)
        if end > at:
            at = self._skip_rejected(data, at, end, offset + at - begin)
        return at

    def _skip_rejected(self, data: bytes, at: int, end: int, offset: int) -> int:
        """The same for lines up to `end`, none of which can contain a record."""
        part = data[at:end]
        rejected = part.translate(_NON_BLANK_MAP, _BLANKS).count(b"x\n")
        if rejected and not self.open_at(offset):
            # The first line that is not empty begins a run; the caller handles it.
            empty = len(part) - len(part.lstrip(b"\n" + _BLANKS))
            part, rejected = part[: part.rfind(b"\n", 0, empty) + 1], 0
        lines = part.count(b"\n")
        self._tally.lines += lines
        self._tally.rejected += rejected
        self._tally.blank += lines - rejected
        # The extent ends with the last line that is not empty.
        text_end = len(part.rstrip(b"\n" + _BLANKS))
        self._add(offset, rejected, part.find(b"\n", text_end), len(part))
        return at + len(part)

    def open_run(self, offset: int) -> RejectedRun | None:
        """The state for the next range, which begins at `offset`."""
        return self._run if self.open_at(offset) else None

    def _add(self, offset: int, lines: int, extent: int, length: int) -> bool:
        """Add lines to the open run, if they follow it directly."""
        run = self._run
        if run is None or run.end != offset:
            return False
        run.end = offset + length
        if lines:
            run.lines += lines
            run.extent = offset + extent - run.byte
            if self._row is not None:
                self._row.lines, self._row.extent = run.lines, run.extent
            elif self._from_earlier_range:
                self.grown = run
        return True


def count_repeats(data: bytes, at: int, line: bytes) -> int:
    """How often the line is repeated at `at`."""
    if len(line) >= len(data) - at:
        return 0
    unit = line + b"\n"
    size, count, step = len(unit), 0, 1
    while data.startswith(unit * step, at + count * size):
        count += step
        step *= 2
    while step := step // 2:
        if data.startswith(unit * step, at + count * size):
            count += step
    return count


def _next_possible_record(data: bytes, at: int, resync: Pattern[bytes]) -> int:
    """Where the first line from `at` on begins that may contain a record."""
    while (match := _OBJECT.search(data, at)) is not None:
        begin = data.rfind(b"\n", at, match.start()) + 1 or at
        end = data.index(b"\n", match.start()) + 1
        if _OBJECT_AT_START.match(data, begin, end) or resync.search(data, match.start(), end):
            return begin
        at = end
    return len(data)
