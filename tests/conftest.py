"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Machines differ in speed and are shared: no example fails for having been slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Opening a database makes the whole process private; the next test begins as this one did."""
    before = os.umask(0o022)
    os.umask(before)
    try:
        return (yield)
    finally:
        os.umask(before)
