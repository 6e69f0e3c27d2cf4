"""A pseudo-terminal with the real program in it: what it writes, as it came, and what is typed."""

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
PATIENCE = 60
"""Seconds after which something hangs for good."""

_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b[@-Z\\-_]",
    re.DOTALL,
)


class Terminal:
    def __init__(self, process: subprocess.Popen[bytes], leader: int) -> None:
        self.process = process
        self._leader = leader
        self.written = b""
        """Everything it wrote so far."""

    def type(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self._leader)
        self._leader = -1

    def _more(self, until: float) -> bool:
        """Read what comes; whether anything came before it was too late."""
        ready, _, _ = select.select([self._leader], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._leader, 65536)
        except OSError:
            return False  # It has ended, and closed its side.
        self.written += data
        return bool(data)

    def until(self, text: str, since: int = 0) -> int:
        """Until this text stands in what it wrote after `since`; how much was written then."""
        until = time.monotonic() + PATIENCE
        wanted = _joined(text)
        while wanted not in _joined(self.plain(since)):
            assert self._more(until), f"never saw {text!r} in {self.plain(since)[-2000:]!r}"
        return len(self.written)

    def until_bytes(self, data: bytes, since: int = 0) -> int:
        until = time.monotonic() + PATIENCE
        while data not in self.written[since:]:
            assert self._more(until), f"never saw {data!r}"
        return len(self.written)

    def plain(self, since: int = 0) -> str:
        """What it wrote, without what moves and colours; a run of blanks is one."""
        text = _ESCAPES.sub(b" ", self.written[since:]).decode("utf-8", "replace")
        return " ".join(text.split())

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None or self._more(time.monotonic()):
            self._more(min(until, time.monotonic() + 0.05))
            assert time.monotonic() < until, "it does not end"
        return self.process.wait()


def _joined(text: str) -> str:
    """Without blanks: a long word, a path, is wrapped anywhere."""
    return "".join(text.split())


def _surroundings() -> dict[str, str]:
    """Ours, without a size that would hide the terminal's own: a test runner may say one."""
    return {name: said for name, said in os.environ.items() if name not in ("COLUMNS", "LINES")}


@contextmanager
def terminal(
    arguments: list[str],
    env: Mapping[str, str],
    size: tuple[int, int] = (120, 40),
    *,
    told: bool = True,
) -> Iterator[Terminal]:
    """The program with these arguments, in a terminal of its own; unless it is `told`, it hears
    nothing of the end of that."""
    leader, follower = pty.openpty()

    def take_over() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if not told:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ingest", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**_surroundings(), "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
        start_new_session=True,
        preexec_fn=take_over,
        cwd=ROOT,
    )
    os.close(follower)
    opened = Terminal(process, leader)
    try:
        yield opened
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if opened._leader >= 0:
            opened.hang_up()
