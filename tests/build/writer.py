"""The file: lines in memory, and how much of them is on the disk.

Knows the envelope and the two ways a write can be interrupted, but not the meaning of lines.
"""

import os
from pathlib import Path

from tests.build.line import Clock, Ids, Json, compact, iso
from tests.build.release import Release

LINE_MS = 3
"""The duration of a line, so that no two lines of a file have the same time."""


class Writer:
    def __init__(self, path: Path, clock: Clock, ids: Ids, release: Release) -> None:
        self.path = path
        self.clock = clock
        self.ids = ids
        self.release = release
        self.ordinal = 0
        """the number of the next line, in files that number them"""
        self._lines: list[bytes] = []
        self._on_disk = 0

    # ── writing lines ───────────────────────────────────────────────────────────────────────────

    def line(self, kind: str, payload: Json, metadata: Json | None = None) -> None:
        """One line in the envelope of this release; bare releases have none."""
        self.clock.tick(LINE_MS)
        if self.release.bare:
            self._lines.append(compact(payload) + b"\n")
            return
        record: Json = {"timestamp": iso(self.clock.ms)}
        if self.release.paginated:
            record["ordinal"] = self.ordinal
            self.ordinal += 1
        record |= {"type": kind, "payload": payload}
        if metadata is not None:
            record["metadata"] = metadata
        self._lines.append(compact(record) + b"\n")

    def event(self, name: str, **fields: object) -> None:
        self.line("event_msg", {"type": name, **fields})

    def raw(self, data: bytes) -> None:
        """Any bytes, for content that no release would write; the caller adds the newline."""
        self._lines.append(data)

    def settle(self) -> None:
        """Write the pending parts of an answer; subclasses that collect them override this."""

    # ── reading them ────────────────────────────────────────────────────────────────────────────

    @property
    def lines(self) -> list[bytes]:
        """Every line with its newline."""
        self.settle()
        return list(self._lines)

    @property
    def unwritten(self) -> int:
        """Bytes that are not on disk yet."""
        return len(self.bytes()) - self._on_disk

    # ── disk ────────────────────────────────────────────────────────────────────────────────────

    def write(self) -> Path:
        """Write the whole file again, in place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.bytes())
        self._on_disk = len(self.bytes())
        return self.path

    def flush_to_disk(self, lines: int | None = None) -> Path:
        """Append what is not there yet; `lines` counts whole lines, a torn one is completed."""
        data = self.bytes()
        end = len(data)
        if lines is not None:
            end = self._on_disk
            for _ in range(lines):
                found = data.find(b"\n", end)
                end = len(data) if found < 0 else found + 1
        return self._append(data[self._on_disk : end])

    def write_partial(self, count: int) -> Path:
        """Append only the next bytes, as an interrupted write leaves them."""
        return self._append(self.bytes()[self._on_disk : self._on_disk + count])

    def _append(self, data: bytes) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, data)
        finally:
            os.close(file)
        self._on_disk += len(data)
        return self.path

    # Last, because inside the class the name hides the type.
    def bytes(self) -> bytes:
        return b"".join(self.lines)
