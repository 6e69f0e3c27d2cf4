"""A database that was killed with a full log, and whatever can be done to its two files."""

import shutil
from pathlib import Path

from tests.faults.driver import kill, start
from tests.faults.fault_harness import Place


class Damage:
    """A database that was killed with a full log, and its state before and after what is tried."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.place.session("plan")
        self.place.session("chat")
        # The file holds the beginning, the log the rest.
        with self.place.open() as database:
            database.checkpoint()
        child = start(self.place)
        assert child.stdout is not None
        assert child.stdout.readline() == b"reading\n"
        kill(child)
        self.quiet = self.place.quiet()
        self.before = folder / "before"
        shutil.copytree(self.place.path.parent, self.before)
        self.file, self.log = self.place.path.read_bytes(), self.place.log.read_bytes()
        assert len(self.log) > 50_000

    def put(self, file: bytes | None = None, log: bytes | None = None) -> Place:
        """As it was after the kill, but for what is given."""
        shutil.rmtree(self.place.path.parent)
        shutil.copytree(self.before, self.place.path.parent)
        if file is not None:
            self.place.path.write_bytes(file)
        if log is not None:
            self.place.log.write_bytes(log)
        self.place.told.clear()
        return self.place

    def heals(self) -> list[str]:
        """After the next reading all is there again; what was told on the way."""
        self.place.read()
        told = list(self.place.told)
        assert self.place.facts() == self.quiet
        return told

    def kept(self) -> dict[str, bytes]:
        """What the recovery folder holds."""
        above = self.place.path.with_name("tailboard.duckdb.recovery")
        return {file.name: file.read_bytes() for file in above.rglob("*") if file.is_file()}


def flipped(data: bytes, at: int, bit: int = 2) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
