"""The corpus: homes as real Codex releases left them. It lies beside the repository, or nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.facts.expectations import Told

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """A folder of the corpus, read in one go; the test is skipped where there is no corpus."""
    read: dict[str, Told] = {}

    def told(folder: str) -> Told:
        home = CORPUS / f"codex-{folder}"
        if not home.is_dir():
            pytest.skip(f"the corpus of real session files is not here: {home} is missing")
        if folder not in read:
            database = tmp_path_factory.mktemp("corpus") / "tailboard.duckdb"
            read[folder] = Told(home, database)
        return read[folder]

    return told
