"""A database that was killed with a full log, and changes to its two files."""

import shutil
from pathlib import Path

from tests.faults.driver import kill, start
from tests.faults.fault_harness import FaultHarness


class Damage:
    """A database that was killed with a full log, and its facts before and after a change."""

    def __init__(self, folder: Path) -> None:
        self.harness = FaultHarness(folder)
        self.harness.session("plan")
        self.harness.session("chat")
        # The file contains the beginning, the log the rest.
        with self.harness.open() as database:
            database.checkpoint()
        child = start(self.harness)
        assert child.stdout is not None
        assert child.stdout.readline() == b"reading\n"
        kill(child)
        self.expected_facts = self.harness.expected_facts()
        self.before = folder / "before"
        shutil.copytree(self.harness.path.parent, self.before)
        self.file, self.log = self.harness.path.read_bytes(), self.harness.log.read_bytes()
        assert len(self.log) > 50_000

    def put(self, file: bytes | None = None, log: bytes | None = None) -> FaultHarness:
        """Restore the state after the kill, with these replacements."""
        shutil.rmtree(self.harness.path.parent)
        shutil.copytree(self.before, self.harness.path.parent)
        if file is not None:
            self.harness.path.write_bytes(file)
        if log is not None:
            self.harness.log.write_bytes(log)
        self.harness.notes.clear()
        return self.harness

    def check_repair(self) -> list[str]:
        """Read, and assert that all facts are there again; returns the reported problems."""
        self.harness.read()
        notes = list(self.harness.notes)
        assert self.harness.facts() == self.expected_facts
        return notes

    def recovered_files(self) -> dict[str, bytes]:
        """The content of the recovery folder."""
        above = self.harness.path.with_name("tailboard.duckdb.recovery")
        return {file.name: file.read_bytes() for file in above.rglob("*") if file.is_file()}


def flipped(data: bytes, at: int, bit: int = 2) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
