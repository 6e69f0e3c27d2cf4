"""Reader processes being born: started before anything heavy is loaded here, so that both load at
once. What they are told and answer is `pool.py`'s business.
"""

import subprocess

from ingest.interpreter import PYTHON

READERS = 2
"""Two parse while one stores: more would only share the same cores."""


def start(size: int = READERS) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(
            [*PYTHON, "-m", "ingest.pipeline.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(size)
    ]
