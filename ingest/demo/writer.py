"""Tells the story into one folder: what is past at once, and the rest line by line, each at its
time, as Codex would write it.

Nothing outside of the folder is touched. `tell_on` belongs into a thread of its own; it ends with
the story, or when it is told to stop.
"""

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
_SHORT: Final = 7
_LONGEST_WAIT: Final = 60.0
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
"""Only a newline ends a line, whatever else Unicode takes for one."""


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
        """`now` is aware; `zone` is the local time that names files, None is the system's."""
        self.home = folder / "codex"
        self.work = folder / "work"
        self._story = story
        self._zone = zone
        # Whole seconds, so that every form a time is written in can be moved by it.
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._by = self._now - datetime.fromtimestamp(story.now_ms // 1000, UTC)
        self._to_come: list[list[_Line]] = []

    def begin(self) -> None:
        """Write all that is past."""
        in_time = TimeShift(self._story.now_ms, self._by, {})
        real = repositories.make(self._story.repositories, self.work, in_time)
        # The long names first: a short one is their beginning.
        words = real | {fake[:_SHORT]: name[:_SHORT] for fake, name in real.items()}
        words[ROOT] = str(self.work)
        shift = TimeShift(self._story.now_ms, self._by, words)
        self.home.mkdir(mode=0o700)
        (self.home / "config.toml").write_text(_SETTINGS, encoding="utf-8")
        for chapter in self._story.chapters:
            self._begin(chapter, shift)

    def play(
        self,
        stop: Event,
        clock: Callable[[], datetime],
    ) -> None:
        """Write each line that is to come when its time has come."""
        for line in merge(*self._to_come):
            while (wait := (line.at - clock()).total_seconds()) > 0:
                if stop.wait(min(wait, _LONGEST_WAIT)):
                    return
            _append(line)

    def _begin(self, chapter: Chapter, shift: TimeShift) -> None:
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
        self._to_come.append(_to_come(lines, len(past), path, lock))
        if past:
            _put(path, "".join(past).encode(), chapter.form, last)
            if lock is not None:
                _touch(lock)

    def _lock(self, thread: str) -> Path:
        return self.home / "thread-writer-locks" / f"{thread}.lock"


def _to_come(lines: list[str], told: int, path: Path, lock: Path | None) -> list[_Line]:
    """The lines that are not told yet; one without a time comes with the line before it."""
    found: list[_Line] = []
    at = None
    for number, line in enumerate(lines[told:], told + 1):
        at = time_of(line) or at
        if at is not None:
            found.append(_Line(at, path, number, line, lock, number == len(lines)))
    return found


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


def _append(line: _Line) -> None:
    line.path.parent.mkdir(parents=True, exist_ok=True)
    if line.lock is not None:
        _touch(line.lock)
    # One line in one write, as Codex does it.
    file = open_private(line.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line.text.encode())
    finally:
        os.close(file)
    if line.last and line.lock is not None:
        line.lock.unlink(missing_ok=True)


def _touch(lock: Path) -> None:
    lock.parent.mkdir(exist_ok=True)
    lock.touch(mode=0o600)
