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
PERSON = Path(__file__).with_name("person.py")
RACER = Path(__file__).with_name("racer.py")
PATIENCE = 60
"""Seconds after which something hangs for good."""

Said = tuple[int, list[str]]
"""The process, and its words."""


class Company:
    """Processes that start and end."""

    def __init__(self) -> None:
        self._said: SimpleQueue[Said] = SimpleQueue()
        self.present: dict[int, subprocess.Popen[str]] = {}
        self.heard: list[Said] = []
        self._listeners: dict[int, Thread] = {}
        self._killed: set[int] = set()

    def join(self, program: Path, *arguments: object) -> int:
        process = subprocess.Popen(
            [sys.executable, str(program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.present[process.pid] = process
        listener = Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        self._listeners[process.pid] = listener
        return process.pid

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._said.put((process.pid, line.split()))
        self._said.put((process.pid, []))

    def tell(self, pid: int, line: str) -> None:
        stream = self.present[pid].stdin
        assert stream is not None
        stream.write(line + "\n")
        stream.flush()

    def hear(self) -> Said:
        """The next line of any process. Fails if a process ended on its own."""
        while True:
            pid, words = self._said.get(timeout=PATIENCE)
            if words:
                self.heard.append((pid, words))
                return pid, words
            assert pid in self._killed, f"process {pid} ended by itself"

    def hear_until(self, enough: Callable[[Said], bool]) -> Said:
        while not enough(reply := self.hear()):
            pass
        return reply

    def kill(self, pid: int) -> None:
        """Kill without a warning; afterwards the process has ended, and all its output was
        received."""
        process = self.present.pop(pid)
        self._killed.add(pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._listeners.pop(pid).join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def leave(self) -> None:
        for pid in list(self.present):
            self.kill(pid)


@contextmanager
def company() -> Iterator[Company]:
    people = Company()
    try:
        yield people
    finally:
        people.leave()
