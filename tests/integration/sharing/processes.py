"""Several processes at one database, and the lines they print, in order of arrival."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

ROOT = Path(__file__).parents[3]
PEER = Path(__file__).with_name("peer.py")
RACER = Path(__file__).with_name("racer.py")
PATIENCE = 60
"""Seconds after which a process counts as hanging."""

Line = tuple[int, list[str]]
"""The process id, and the words of the line."""


class Processes:
    """Processes that start and end."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self.running: dict[int, subprocess.Popen[str]] = {}
        self.received: list[Line] = []
        self._readers: dict[int, Thread] = {}
        self._killed: set[int] = set()

    def join(self, program: Path, *arguments: object) -> int:
        process = subprocess.Popen(
            [sys.executable, str(program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.running[process.pid] = process
        reader = Thread(target=self._read_lines, args=(process,), daemon=True)
        reader.start()
        self._readers[process.pid] = reader
        return process.pid

    def _read_lines(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._lines.put((process.pid, line.split()))
        self._lines.put((process.pid, []))

    def send(self, pid: int, line: str) -> None:
        stream = self.running[pid].stdin
        assert stream is not None
        stream.write(line + "\n")
        stream.flush()

    def read_line(self) -> Line:
        """The next line of any process. Fails if a process ended on its own."""
        while True:
            pid, words = self._lines.get(timeout=PATIENCE)
            if words:
                self.received.append((pid, words))
                return pid, words
            assert pid in self._killed, f"process {pid} ended by itself"

    def read_until(self, enough: Callable[[Line], bool]) -> Line:
        while not enough(line := self.read_line()):
            pass
        return line

    def kill(self, pid: int) -> None:
        """Kill without a warning; afterwards the process has ended, and all its output was
        received."""
        process = self.running.pop(pid)
        self._killed.add(pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._readers.pop(pid).join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def leave(self) -> None:
        for pid in list(self.running):
            self.kill(pid)


@contextmanager
def running_processes() -> Iterator[Processes]:
    processes = Processes()
    try:
        yield processes
    finally:
        processes.leave()
