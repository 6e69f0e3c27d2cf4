"""The lower bound of reading: counting the newlines of the same files, in two ways.

Some versions of `wc` use vector instructions and some do not, so a plain loop in this Python is
measured as well.
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.process import run

_PIECE = 1 << 20


def wc(paths: Sequence[Path], env: dict[str, str]) -> float | None:
    """The duration of `wc -l FILES` as a process in seconds; None if there is no `wc`."""
    program = shutil.which("wc")
    if program is None:
        return None
    return run([program, "-l", *map(str, paths)], env).wall


def python_count(paths: Sequence[Path]) -> float:
    """The duration of reading the files in blocks and counting newlines, in this process."""
    began = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                piece.count(b"\n")
    return time.perf_counter() - began
