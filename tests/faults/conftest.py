"""Places of their own for all tests of faults."""

from pathlib import Path

import pytest

from tests.faults.damage import Damage
from tests.faults.fault_harness import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def damage(tmp_path_factory: pytest.TempPathFactory) -> Damage:
    return Damage(tmp_path_factory.mktemp("damage"))
