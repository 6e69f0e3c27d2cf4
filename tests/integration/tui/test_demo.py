"""The demo on a real terminal: the dashboard opens on it, and nothing of it stays."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "from ingest.cli.main import main; main()"


def until(master: int, wanted: bytes) -> bytes:
    """What the terminal is told, up to something that is waited for."""
    told = b""
    while wanted not in told:
        told += os.read(master, 65_536)
    return told


@contextmanager
def demo() -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """The program, its terminal, and the folder that its own lie in; nothing is left there."""
    with tempfile.TemporaryDirectory(prefix="t-") as attic:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "demo"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TMPDIR": attic, "TERM": "xterm-256color"},
            start_new_session=True,
        ) as process:
            os.close(slave)
            yield process, master, Path(attic)
        os.close(master)
        assert list(Path(attic).iterdir()) == []


def test_the_demo_opens_the_dashboard_and_leaves_nothing_behind() -> None:
    with demo() as (process, master, _):
        until(master, b"From cron to timers")
        os.write(master, b"q")
        # A terminal nobody holds open any more is at its end, which Linux calls an error.
        with contextlib.suppress(OSError):
            while os.read(master, 65_536):
                pass
        assert process.wait(60) == 0


def test_a_demo_that_is_ended_while_it_begins_leaves_nothing_behind() -> None:
    with demo() as (process, _, attic):
        while not list(attic.glob("tailboard-demo-*/work")):
            assert process.poll() is None
        process.terminate()
        assert process.wait(60) in (0, 128 + signal.SIGTERM)
