"""What all tests share."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Machines differ in speed and are shared: no example fails for having been slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A shell that runs us in the background has us, and all we start, deaf to Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Opening a database makes the whole process private; the next test begins as this one did."""
    before = os.umask(0o022)
    os.umask(before)
    try:
        return (yield)
    finally:
        os.umask(before)
