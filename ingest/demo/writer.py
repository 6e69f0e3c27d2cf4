"""Writes the demo's files into one folder: past lines at once, the others one by one at their
times, as Codex would write them.

Touches nothing outside the folder. Run `play` on a thread of its own; it returns after the last
line, or when it is stopped.
"""

import fcntl
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from heapq import merge
from pathlib import Path
from threading import Event
from typing import Final

import zstandard
from msgspec import Struct

from ingest.demo import repositories
from ingest.demo.story import ROOT, Chapter, Form, Story
from ingest.demo.timeshift import TimeShift, time_of
from ingest.private_files import open_private

_SETTINGS: Final = "[tools.update_plan]\nenabled = true\n"
_SHORT_ID: Final = 7
_MAX_WAIT: Final = 60.0
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
"""Only `\\n` ends a line; `str.splitlines` splits at other characters, too."""


class _Line(Struct, frozen=True, order=True):
    at: datetime
    path: Path
    number: int
    text: str
    lock: Path | None
    last: bool


class DemoWriter:
    def __init__(
        self, story: Story, folder: Path, now: datetime, zone: tzinfo | None = None
    ) -> None:
        """`now` is aware; `zone` is the time zone for file names, by default that of the system."""
        self.home = folder / "codex"
        self.work = folder / "work"
        self._story = story
        self._zone = zone
        # Whole seconds, because some times are written in seconds.
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._by = self._now - datetime.fromtimestamp(story.now_ms // 1000, UTC)
        self._future: list[list[_Line]] = []
        self._held: dict[Path, int] = {}
        """Descriptors of the locks that are held, like Codex's, until this process ends."""

    def write_past(self) -> None:
        """Write all lines from before now."""
        in_time = TimeShift(self._story.now_ms, self._by, {})
        real = repositories.make(self._story.repositories, self.work, in_time)
        # Long ids first: a short one is a prefix of a long one.
        words = real | {fake[:_SHORT_ID]: name[:_SHORT_ID] for fake, name in real.items()}
        words[ROOT] = str(self.work)
        shift = TimeShift(self._story.now_ms, self._by, words)
        self.home.mkdir(mode=0o700)
        (self.home / "config.toml").write_text(_SETTINGS, encoding="utf-8")
        for chapter in self._story.chapters:
            self._write_past(chapter, shift)

    def play(
        self,
        stop: Event,
        clock: Callable[[], datetime],
    ) -> None:
        """Write each future line at its time."""
        for line in merge(*self._future):
            while (wait := (line.at - clock()).total_seconds()) > 0:
                if stop.wait(min(wait, _MAX_WAIT)):
                    return
            self._append(line)

    def _write_past(self, chapter: Chapter, shift: TimeShift) -> None:
        path = self.home / shift.path(chapter.path, self._zone)
        lock = self._lock(shift.text(chapter.thread)) if chapter.thread else None
        lines = _LINES.findall(shift.text(chapter.text))
        past: list[str] = []
        last = None
        for line in lines:
            at = time_of(line) or last
            if at is not None and at > self._now:
                break
            past.append(line)
            last = at
        self._future.append(_future_lines(lines, len(past), path, lock))
        if past:
            _put(path, "".join(past).encode(), chapter.form, last)
            if lock is not None:
                self._hold(lock)

    def _append(self, line: _Line) -> None:
        line.path.parent.mkdir(parents=True, exist_ok=True)
        if line.lock is not None:
            self._hold(line.lock)
        # One write per line, as Codex does.
        file = open_private(line.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, line.text.encode())
        finally:
            os.close(file)
        if line.last and line.lock is not None:
            line.lock.unlink(missing_ok=True)
            os.close(self._held.pop(line.lock))

    def _lock(self, thread: str) -> Path:
        return self.home / "thread-writer-locks" / f"{thread}.lock"

    def _hold(self, lock: Path) -> None:
        if lock not in self._held:
            lock.parent.mkdir(exist_ok=True)
            self._held[lock] = open_private(lock, os.O_WRONLY | os.O_CREAT)
            fcntl.flock(self._held[lock], fcntl.LOCK_EX | fcntl.LOCK_NB)


def _future_lines(lines: list[str], written: int, path: Path, lock: Path | None) -> list[_Line]:
    """The lines after those written. A line without a time has that of the line before it."""
    future: list[_Line] = []
    at = None
    for number, line in enumerate(lines[written:], written + 1):
        at = time_of(line) or at
        if at is not None:
            future.append(_Line(at, path, number, line, lock, number == len(lines)))
    return future


def _put(path: Path, data: bytes, form: Form, at: datetime | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if form is not Form.PLAIN:
        path = path.with_name(path.name + ".zst")
        data = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(
            data
        )
        if form is Form.DAMAGED:
            data = data[: len(data) * 2 // 3]
    path.write_bytes(data)
    if at is not None:
        os.utime(path, (at.timestamp(), at.timestamp()))
