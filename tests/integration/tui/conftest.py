"""A stage for every test of the dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_harness import Stage, staged
from tests.sample_home import everything


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """With sessions of every kind, all of them read."""
    with staged(tmp_path, everything) as stage:
        yield stage
