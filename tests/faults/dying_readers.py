"""Reader processes that kill themselves."""

import subprocess
import sys

from tests.faults.fault_harness import ROOT


def start_readers(program: str, size: int = 2) -> list["subprocess.Popen[bytes]"]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(size)
    ]


def dying_on(name: str) -> str:
    """A reader that kills itself when it reads a file of this name."""
    return (
        "import os, signal\n"
        "from ingest.pipeline import reader_output, reader_process\n"
        "read = reader_output.read\n"
        "def deadly(job, *rest):\n"
        f"    if {name.encode()!r} in job.path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(job, *rest)\n"
        "reader_output.read = deadly\n"
        "reader_process.main()\n"
    )


def dying_at(word: str) -> str:
    """A reader that kills itself when it decodes a line with this word."""
    return (
        "import os, signal\n"
        "from ingest.codex import fold, indexes\n"
        "from ingest.pipeline import reader_process\n"
        "def deadly(decode):\n"
        "    def checked(raw):\n"
        f"        if {word.encode()!r} in raw: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return decode(raw)\n"
        "    return checked\n"
        "fold._decode = deadly(fold._decode)\n"
        "class Rows:\n"
        "    decode = staticmethod(deadly(indexes._prompt.decode))\n"
        "indexes._prompt = Rows\n"
        "reader_process.main()\n"
    )
