"""`tailboard demo` in a real terminal: the dashboard opens, and no file remains."""

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


def read_until(master: int, wanted: bytes) -> None:
    """Read what the program writes, up to this text."""
    written = b""
    while wanted not in written:
        written += os.read(master, 65_536)


@contextmanager
def demo() -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """The program, its terminal and its temporary folder, which must be empty at the end."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "demo"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TMPDIR": folder, "TERM": "xterm-256color"},
            start_new_session=True,
        ) as process:
            os.close(slave)
            yield process, master, Path(folder)
        os.close(master)
        assert list(Path(folder).iterdir()) == []


def test_demo_opens_the_dashboard_and_removes_its_files() -> None:
    with demo() as (process, master, _):
        read_until(master, b"Move cron jobs to timers")
        os.write(master, b"q")
        # Linux reports an error at the end of a terminal that the program has closed.
        with contextlib.suppress(OSError):
            while os.read(master, 65_536):
                pass
        assert process.wait(60) == 0


def test_demo_terminated_during_start_removes_its_files() -> None:
    with demo() as (process, _, folder):
        while not list(folder.glob("tailboard-demo-*/work")):
            assert process.poll() is None
        process.terminate()
        assert process.wait(60) in (0, 128 + signal.SIGTERM)
