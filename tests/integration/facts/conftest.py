"""Homes of real Codex releases, each read once."""

from collections.abc import Callable

import pytest

from tests.corpus import corpus as unpacked
from tests.integration.facts.expectations import StoredHome


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], StoredHome]:
    """A folder of the corpus, read in one go."""
    read: dict[str, StoredHome] = {}

    def stored(folder: str) -> StoredHome:
        if folder not in read:
            database = tmp_path_factory.mktemp("corpus") / "tailboard.duckdb"
            read[folder] = StoredHome(unpacked() / f"codex-{folder}", database)
        return read[folder]

    return stored
