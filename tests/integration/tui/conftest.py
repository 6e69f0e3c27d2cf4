"""A harness for every test of the dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_harness import AppHarness, running_harness
from tests.sample_home import everything


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AppHarness]:
    """With sessions in every state, all of them read."""
    with running_harness(tmp_path, everything) as harness:
        yield harness
