"""After a backlog the log is checkpointed into the file, as soon as no query runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.errors import Conflict
from ingest.pipeline import follow as module
from ingest.pipeline.follow import CHECKPOINT_TRIES, Owner


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


@pytest.mark.fault("D18")
@pytest.mark.parametrize(
    ("in_use", "tried"), [(0, 1), (3, 4), (CHECKPOINT_TRIES, CHECKPOINT_TRIES)]
)
def test_a_checkpoint_of_a_file_in_use_is_retried_and_then_left_to_the_engine(
    database: Database, monkeypatch: pytest.MonkeyPatch, in_use: int, tried: int
) -> None:
    tries: list[None] = []

    def checkpoint() -> None:
        tries.append(None)
        if len(tries) <= in_use:
            raise Conflict(database.path, "other transactions are active")

    monkeypatch.setattr(database, "checkpoint", checkpoint)
    monkeypatch.setattr(module, "CHECKPOINT_PAUSE", 0.0)
    Owner(database, []).checkpoint()
    assert len(tries) == tried
