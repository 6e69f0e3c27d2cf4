"""Starts the program that ingests until it is killed, and kills it."""

import signal
import subprocess

from tests.faults.fault_harness import ROOT, FaultHarness, program


def start(harness: FaultHarness) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        program("tests.faults.forever", str(harness.path), str(harness.home.path), "3000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"reading\n", child.communicate()[1].decode()
    return child


def kill(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
