"""A pseudo-terminal that runs the program: what it writes, and what is typed."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
TIMEOUT = 60
"""Seconds after which a test has failed."""

_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b[@-Z\\-_]",
    re.DOTALL,
)


class Terminal:
    def __init__(self, process: subprocess.Popen[bytes], leader: int) -> None:
        self.process = process
        self._leader = leader
        self.written = b""
        """Everything the program has written so far."""

    def type(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._leader)
        self._leader = -1

    def _read(self, until: float) -> bool:
        """Read what is available until this time; returns whether there was anything."""
        ready, _, _ = select.select([self._leader], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._leader, 65536)
        except OSError:
            return False  # The program has closed its side.
        self.written += data
        return bool(data)

    def until(self, text: str, since: int = 0, timeout: float = TIMEOUT) -> int:
        """Wait for this text after byte `since`; returns the number of bytes written by then."""
        until = time.monotonic() + timeout
        wanted = _joined(text)
        while wanted not in _joined(self.plain(since)):
            assert self._read(until), f"never saw {text!r} in {self.plain(since)[-2000:]!r}"
        return len(self.written)

    def until_bytes(self, data: bytes, since: int = 0) -> int:
        until = time.monotonic() + TIMEOUT
        while data not in self.written[since:]:
            assert self._read(until), f"never saw {data!r}"
        return len(self.written)

    def read_available(self) -> None:
        """Read what it has written by now."""
        while self._read(time.monotonic()):
            pass

    def plain(self, since: int = 0) -> str:
        """What it wrote, without escape sequences; runs of blanks are one blank."""
        text = _ESCAPES.sub(b" ", self.written[since:]).decode("utf-8", "replace")
        return " ".join(text.split())

    def end(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        until = time.monotonic() + TIMEOUT
        while self.process.poll() is None or self._read(time.monotonic()):
            self._read(min(until, time.monotonic() + 0.05))
            assert time.monotonic() < until, "the program does not end"
        return self.process.wait()


def _joined(text: str) -> str:
    """Without blanks: a long path may be wrapped anywhere."""
    return "".join(text.split())


def _environment() -> dict[str, str]:
    """The environment without a terminal size, which a test runner may set."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


@contextmanager
def terminal(
    arguments: list[str],
    env: Mapping[str, str],
    size: tuple[int, int] = (120, 40),
    *,
    signalled: bool = True,
    program_code: str | None = None,
) -> Iterator[Terminal]:
    """Runs the program, or this code, in a terminal of its own. Unless `signalled`, it gets no
    SIGHUP when the terminal is closed."""
    start = ["-m", "ingest"] if program_code is None else ["-c", program_code]
    leader, follower = pty.openpty()

    def prepare() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if not signalled:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-P", *start, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**_environment(), "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
        start_new_session=True,
        preexec_fn=prepare,
        cwd=ROOT,
    )
    os.close(follower)
    program = Terminal(process, leader)
    try:
        yield program
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if program._leader >= 0:
            program.hang_up()
