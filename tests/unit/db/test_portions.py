"""Statements that are given many rows."""

from pathlib import Path

from ingest.db.database import Database
from tests.unit.db.queued import add_source


def test_the_rows_of_all_portions_are_stored_and_counted(tmp_path: Path) -> None:
    ids = list(range(1, 602))
    with Database(tmp_path / "t.duckdb") as database:
        add_source(database, *ids)
        stored = database.rows("registry.sources", home="home")
        assert sorted(row["id"] for row in stored) == ids
        with database.transaction():
            sources = [{"source": id_, "byte": id_, "lines": 1, "extent": 1} for id_ in ids]
            changed = database.run_in_portions("commit_results.grow_rejects", "rejects", sources)
        assert changed == 0  # There are none, in any portion.
