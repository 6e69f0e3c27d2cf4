"""Starts reader processes. Imports nothing heavy, so that a command can start them first and load
its own modules while they load theirs.
"""

import subprocess

from ingest.interpreter import PYTHON

READERS = 2
"""Two parse while the owner stores; more gain nothing."""


def start(size: int = READERS) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(
            [*PYTHON, "-m", "ingest.pipeline.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(size)
    ]
