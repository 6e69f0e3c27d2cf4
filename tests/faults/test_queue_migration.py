"""A database of a version with a row for each success: its history is kept.

The old migrations create the old database, with rows as that version wrote them.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.db import migrate
from ingest.db.engine import connect
from tests.facts_dump import dump
from tests.faults.fault_harness import FaultHarness

OLD = 8
"""The last version with a row for each success."""
NOW = datetime(2026, 11, 21, 12)


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    harness = FaultHarness(tmp_path)
    harness.session("chat")
    harness.session()
    return harness


def downgrade(harness: FaultHarness) -> None:
    """Copy the stored sources, cursors and facts into a database of the old version."""
    new = harness.path.with_name("new.duckdb")
    harness.path.rename(new)
    with connect(str(harness.path)) as con:
        migrate.apply(con, [step for step in migrate.shipped() if step.version <= OLD])
        con.execute(f"attach '{new}' as new (read_only)")
        for (table,) in con.execute(
            "select table_name from duckdb_tables() where database_name = 'tailboard' and "
            "table_name not in ('schema_migrations', 'meta', 'batches', 'batch_moves')"
        ).fetchall():
            columns = ", ".join(
                f'"{name}"'
                for (name,) in con.execute(
                    "select column_name from duckdb_columns() "
                    "where database_name = 'tailboard' and table_name = ?",
                    [table],
                ).fetchall()
            )
            con.execute(f"insert into {table} ({columns}) select {columns} from new.{table}")
        con.execute("detach new")
    new.unlink()


def add(harness: FaultHarness, *batches: tuple[str, int, int, str, list[str]]) -> None:
    """Rows of batches (id, source, start, state, moves) as the old version wrote them."""
    with connect(str(harness.path)) as con:
        for at, (batch, source, start, state, moves) in enumerate(batches):
            updated = NOW + timedelta(seconds=at)
            lease = "a lease" if state == "claimed" else None
            con.execute(
                "insert into batches (id, kind, source, generation, start, finish, state, "
                "attempts, lifetime_attempts, rescues, lease, claimed_by, created_at, updated_at) "
                "values (?, 'ingest', ?, 0, ?, ?, ?, 1, 2, 0, ?, ?, ?, ?)",
                [batch, source, start, start + 10, state, lease, lease, updated, updated],
            )
            for move in moves:
                actor = "user" if move in ("snooze", "retry", "cancel") else "auto"
                con.execute(
                    "insert into batch_moves (batch, time, move, old, new, actor, attempt) "
                    "values (?, ?, ?, 'pending', 'pending', ?, 1)",
                    [batch, updated, move, actor],
                )


CLEAN = ["claim", "complete"]


@pytest.mark.fault("D12", "P15")
def test_completed_batches_are_counted_and_failures_and_actions_keep_their_history(
    harness: FaultHarness,
) -> None:
    harness.read()
    facts = harness.facts()
    downgrade(harness)
    add(
        harness,
        ("clean-1", 1, 0, "completed", CLEAN),
        ("clean-2", 1, 10, "completed", CLEAN),
        ("empty", 1, 20, "completed_empty", CLEAN),
        ("reset", 1, 30, "superseded", [*CLEAN, "supersede"]),
        ("mended", 2, 0, "completed", ["claim", "fail", "wake", "claim", "complete"]),
        ("dead", 2, 10, "dead", ["claim", "bury"]),
        ("cancelled", 2, 20, "cancelled", ["claim", "release", "cancel"]),
        ("failed", 2, 30, "failed", ["claim", "fail", "retry", "claim", "fail"]),
        ("running", 2, 40, "claimed", ["claim"]),
        ("waiting", 2, 50, "pending", ["claim", "release"]),
    )
    with harness.open() as database:
        assert database.applied_migrations[0] == "0009_queue.sql"
        assert list(dump(database)) == facts
        kept = database.execute("select id, state from batches order by updated_at").fetchall()
        assert kept == [
            ("mended", "completed"),
            ("dead", "dead"),
            ("cancelled", "cancelled"),
            ("failed", "failed"),
            ("running", "claimed"),
            ("waiting", "pending"),
        ]
        history = database.execute(
            "select batch, list(move order by rowid) from batch_moves group by batch order by batch"
        )
        assert history.fetchall() == [
            ("cancelled", ["cancel"]),
            ("dead", ["bury"]),
            ("failed", ["fail", "retry", "fail"]),
            ("mended", ["fail", "complete"]),
        ]
        counts = database.execute(
            "select id, completed, completed_empty, superseded from v_sources order by id"
        )
        assert counts.fetchall() == [(1, 2, 1, 1), (2, 1, 0, 0)]
        last = database.execute("select id, state, start from v_batches where source = 1")
        assert last.fetchall() == [("empty", "completed_empty", 20)]


@pytest.mark.fault("D12", "P15")
def test_batches_in_progress_are_rescued_and_reading_continues(
    harness: FaultHarness,
) -> None:
    harness.read()
    ((source, byte, path),) = harness.rows("select id, byte, path from v_sources where id = 1")
    downgrade(harness)
    add(harness, ("running", source, byte, "claimed", ["claim"]))
    with Path(path).open("ab") as file:
        file.write(Path(path).read_bytes().splitlines(keepends=True)[-1])
    assert harness.read().lines == 1
    assert harness.facts() == harness.expected_facts()
    assert harness.rows("select id, state from batches") == [("running", "completed")]
    history = harness.rows("select batch, move, actor from batch_moves order by rowid")
    assert history == [("running", "rescue", "startup-rescue"), ("running", "complete", "auto")]
