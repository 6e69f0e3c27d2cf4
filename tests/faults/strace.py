"""System calls that fail or kill the program, injected by strace."""

import os
import subprocess
import sys
from shutil import which

import pytest

from tests.faults.fault_harness import ROOT, FaultHarness

needs_strace = pytest.mark.skipif(which("strace") is None, reason="strace is not installed")


def injected(harness: FaultHarness, fault: str, when: int, code: str) -> int:
    """Run code with a fault at the n-th call that writes to the database's files."""
    calls = "pwrite64,write,fsync,fdatasync,ftruncate"
    return subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull, "-P", harness.path, "-P", harness.log),
            *("-e", f"inject={calls}:{fault}:when={when}", sys.executable, "-c", code),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    ).returncode
