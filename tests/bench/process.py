"""Runs a process to its end and measures duration, processor time and peak memory.

The peak of memory is that of the largest process of the tree. The kernel's own figure begins with
the peak of the process that started it, so where there is `/proc` each process is sampled instead.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct, field

_POLL = 0.005
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Ended(Struct):
    wall: float
    cpu: float
    """User and system time of the process and all children that it waited for."""
    peak: int
    """The memory of the largest of these processes in bytes; only with `watch`."""
    code: int
    out: str
    err: str
    peaks: dict[str, int] = field(default_factory=dict)
    """Per process, by its program; only with `watch`."""


class Failed(Exception):
    def __init__(self, argv: Sequence[str], ended: Ended) -> None:
        tail = ended.err.strip()[-2_000:]
        super().__init__(f"{' '.join(argv)[:300]}\nended with {ended.code}: {tail}")


def run(argv: Sequence[str], env: Mapping[str, str], *, watch: bool = False) -> Ended:
    """Run to the end. `watch` also samples every process of the tree, which costs a little."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        peaks = _watched(process.pid) if watch else {}
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        ended = Ended(
            wall,
            used.ru_utime + used.ru_stime,
            max(peaks.values(), default=used.ru_maxrss * _MAXRSS_UNIT),
            process.returncode,
            _text(out),
            _text(err),
            peaks,
        )
    # Exit code 1 with an answer means that something needs attention; without one it is a
    # traceback.
    if ended.code not in (0, 1) or (ended.code == 1 and not ended.out):
        raise Failed(argv, ended)
    return ended


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _watched(root: int) -> dict[str, int]:
    """The high-water mark of each process below `root` until it ends, from /proc."""
    seen: dict[int, tuple[str, int]] = {}
    patience = threading.Event()
    # WNOWAIT leaves the ended process in place, with its figures.
    while os.waitid(os.P_PID, root, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        for pid in _tree(root):
            name, size = _high_water(pid)
            if size:
                # The last sample counts: before it executes a program, a child looks like its
                # parent.
                seen[pid] = (name, size)
        patience.wait(_POLL)
    return {f"{name} {pid}": size for pid, (name, size) in seen.items()}


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            found += [
                int(child) for task in tasks for child in (task / "children").read_text().split()
            ]
        except OSError:
            continue  # It ended, or there is no /proc.
    return found


def _high_water(pid: int) -> tuple[str, int]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "", 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    name = "reader" if "reader" in command else "owner"
    return name, int(found[1]) * 1024 if found else 0
