"""The `harness` fixture of the fault tests: a Codex home and a database."""

from pathlib import Path

import pytest

from tests.faults.damage import Damage
from tests.faults.fault_harness import FaultHarness


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    return FaultHarness(tmp_path)


@pytest.fixture(scope="module")
def damage(tmp_path_factory: pytest.TempPathFactory) -> Damage:
    return Damage(tmp_path_factory.mktemp("damage"))
