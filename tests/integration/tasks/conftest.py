"""Homes of the corpus, read; and a generated home with the tasks derived from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.build import Home
from tests.corpus import corpus as unpacked
from tests.integration.tasks.reading import Plans, plans


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Plans]]:
    """A folder of the corpus, read in one go."""
    read: dict[str, Plans] = {}
    with ExitStack() as opened:

        def of(folder: str) -> Plans:
            if folder not in read:
                database = tmp_path_factory.mktemp("corpus") / "tailboard.duckdb"
                home = unpacked() / f"codex-{folder}"
                read[folder] = opened.enter_context(plans(home, database))
            return read[folder]

        yield of


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "codex")


@pytest.fixture
def load(home: Home, tmp_path: Path) -> Iterator[Callable[[], Plans]]:
    """The tasks of the home, after all sessions were written."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(plans(home.path, tmp_path / "tailboard.duckdb"))
