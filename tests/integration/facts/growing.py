"""A home that grows in small steps, as a reader sees it: torn, moved, compressed files."""

import os
import random
from pathlib import Path

import zstandard

BYTES = (1, 700)
PARTS = (2, 2, 1, 1)
"""A piece is a few bytes or this fraction of the rest: torn lines, but few steps."""


class GrowingHome:
    """Copies `whole` in pieces to `path`; `rnd` decides what comes next."""

    def __init__(self, whole: Path, path: Path, rnd: random.Random) -> None:
        self.path = path
        self.rnd = rnd
        (path / "sessions").mkdir(parents=True)
        files = sorted(file for file in whole.rglob("*") if file.is_file())
        self._left = {file.relative_to(whole): _content(file) for file in files}
        self._left = {_plain(name): content for name, content in self._left.items()}

    @property
    def done(self) -> bool:
        return not self._left

    def grow(self) -> None:
        """Extend about half of the files."""
        for name in list(self._left):
            if self.rnd.random() < 0.5:
                self._append(name)

    def move(self) -> None:
        """Archive or compress some sessions."""
        for file in sorted(self.path.rglob("rollout-*.jsonl*")):
            if self.rnd.random() < 0.2:
                self.rnd.choice((self._archive, self._compress))(file)

    def settle(self) -> None:
        """Return every session to its plain file in its day: one more way to find it."""
        for name in list(self.path.rglob("rollout-*.jsonl*")):
            self._at_hand(self.path / _day(_plain(Path(name.name))))

    def _append(self, name: Path) -> None:
        data = self._left[name]
        count = self.rnd.choice((*BYTES, *(-(-len(data) // parts) for parts in PARTS)))
        file = self._at_hand(self.path / name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as opened:
            opened.write(data[:count])
        self._left[name] = data[count:]
        if not self._left[name]:
            del self._left[name]

    def _at_hand(self, file: Path) -> Path:
        """Do what Codex does before it appends: move the file back to its day, and decompress
        it."""
        archived = self.path / "archived_sessions" / file.name
        for plain in (file, archived):
            packed = plain.with_name(plain.name + ".zst")
            if packed.exists():
                plain.write_bytes(_content(packed))
                packed.unlink()
        if archived.exists() and archived != file:
            file.parent.mkdir(parents=True, exist_ok=True)
            archived.rename(file)
        return file

    def _archive(self, file: Path) -> None:
        folder = self.path / "archived_sessions"
        folder.mkdir(exist_ok=True)
        file.rename(folder / file.name)

    def _compress(self, file: Path) -> None:
        if file.suffix == ".zst":
            return
        before = file.stat()
        packed = file.with_name(file.name + ".zst")
        packed.write_bytes(zstandard.ZstdCompressor().compress(file.read_bytes()))
        os.utime(packed, ns=(before.st_atime_ns, before.st_mtime_ns))
        file.unlink()


def _content(file: Path) -> bytes:
    if file.suffix != ".zst":
        return file.read_bytes()
    return zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read()


def _plain(name: Path) -> Path:
    return name.with_suffix("") if name.suffix == ".zst" else name


def _day(name: Path) -> Path:
    return Path("sessions", *name.name.removeprefix("rollout-")[:10].split("-"), name.name)
