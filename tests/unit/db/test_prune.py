"""Prune deletes ended batches of completely read files, and nothing else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.actions import Prune, PruneCounts
from ingest.batches.state import PRUNABLE, State
from ingest.db.database import Database
from ingest.db.prune import preview, prune
from tests.soak import SOAK

NOW = datetime(2026, 11, 21, 14)
OLD = NOW - timedelta(days=100)
CUT = NOW - timedelta(days=90)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(tmp_path_factory.mktemp("retention") / "t.duckdb") as database:
        yield database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as database:
        yield database


def source(database: Database, number: int, *, size: int = 100, read: int = 100) -> None:
    database.execute(
        "insert into sources (id, home, kind, thread, segment, path, representation, archived, "
        "size, mtime_ns, state, state_since) values (?, 'h', 'rollout', ?, '', ?, 'plain', false, "
        "?, 1, 'following', ?)",
        [number, f"thread-{number}", f"/codex/{number}", size, OLD],
    )
    database.execute(
        "insert into cursors (source, generation, byte, size, mtime_ns, dev, inode, head_len, "
        "head_hash, tail_hash, partial, lines, stored, rejected, blank, rewrites, updated_at) "
        "values (?, 0, ?, ?, 1, 0, 0, 0, '', '', 0, 1, 1, 0, 0, 0, ?)",
        [number, read, read, OLD],
    )


def batch(
    database: Database, name: str, state: State, number: int = 1, updated: datetime = OLD
) -> None:
    database.execute(
        "insert into batches (id, kind, source, generation, start, finish, state, attempts, "
        "lifetime_attempts, rescues, created_at, updated_at) "
        "values (?, 'ingest', ?, 0, 0, 100, ?, 0, 0, 0, ?, ?)",
        [name, number, state, updated, updated],
    )
    database.execute(
        "insert into batch_moves (batch, time, move, new, actor, attempt) "
        "values (?, ?, 'claim', 'claimed', 'auto', 1)",
        [name, updated],
    )


def batches(database: Database) -> set[str]:
    return {name for (name,) in database.execute("select id from batches").fetchall()}


def forget(database: Database, *, facts: bool = False) -> PruneCounts:
    action = Prune(before=CUT, facts=facts, actor="somebody", reason="it is full")
    return prune(database, action, NOW)


def empty(database: Database) -> None:
    for table in ("sources", "cursors", "batches", "batch_moves", "samples", "commands"):
        database.execute(f"delete from {table}")


@pytest.mark.parametrize("state", list(State))
def test_only_ended_batches_are_pruned(database: Database, state: State) -> None:
    source(database, 1)
    batch(database, "one", state)
    assert forget(database).batches == (state in PRUNABLE)
    assert batches(database) == (set() if state in PRUNABLE else {"one"})


def test_the_history_of_a_batch_is_pruned_with_it(database: Database) -> None:
    source(database, 1)
    batch(database, "one", State.COMPLETED)
    batch(database, "two", State.COMPLETED, updated=NOW)
    found = forget(database)
    assert (found.batches, found.moves) == (1, 1)
    assert batches(database) == {"two"}
    assert database.execute("select batch from batch_moves").fetchall() == [("two",)]


def test_a_file_with_an_unfinished_batch_is_not_pruned(database: Database) -> None:
    source(database, 1)
    batch(database, "done", State.COMPLETED)
    batch(database, "given-up", State.DEAD, updated=NOW)
    found = forget(database)
    assert found.batches == 0
    assert found.kept == {"A batch of its file is not completed.": 1}
    assert batches(database) == {"done", "given-up"}


def test_a_file_that_is_not_read_to_the_end_is_not_pruned(database: Database) -> None:
    source(database, 1, size=200)
    batch(database, "done", State.COMPLETED)
    assert forget(database).kept == {"Its file is not completely read.": 1}
    assert batches(database) == {"done"}


def test_a_missing_file_counts_as_completely_read(database: Database) -> None:
    source(database, 1, size=200)
    database.execute("update sources set state = 'missing'")
    batch(database, "done", State.COMPLETED)
    assert forget(database).batches == 1


def test_only_old_samples_are_pruned(database: Database) -> None:
    values = ", ".join(["0"] * 18)
    for time in (OLD, NOW):
        database.execute(f"insert into samples values (?, 60, '1', {values})", [time])
    assert forget(database).samples == 1
    assert database.execute("select time from samples").fetchall() == [(NOW,)]


def test_old_runs_of_roles_are_pruned_but_not_the_one_whose_text_is_shown(
    database: Database,
) -> None:
    for batch_, time, error in (
        ("shown", OLD, None), ("shown", OLD - timedelta(days=1), None),
        ("shown", OLD - timedelta(days=2), "observe.timeout"), ("other", OLD, None),
        ("other", NOW, None),
    ):  # fmt: skip
        database.execute(
            "insert into role_runs values (?, 'historian', ?, 1, 'c', 'i', 1, 0, 1, ?)",
            [batch_, time, error],
        )
    database.execute(
        "insert into notes by name select 'h' as home, 's' as session, 1 as source, 0 as turn, "
        "'shown' as batch, 'historian' as origin, true as untrusted, 'summary' as kind, "
        "'Done.' as text, now() as time"
    )
    assert forget(database).runs == 3
    left = database.execute("select batch, started_at from role_runs order by batch desc")
    assert left.fetchall() == [("shown", OLD), ("other", NOW)]


def test_a_preview_changes_nothing_and_counts_the_same(database: Database) -> None:
    source(database, 1)
    batch(database, "one", State.COMPLETED)
    before = preview(database, Prune(before=CUT, facts=True))
    assert batches(database) == {"one"}
    assert forget(database, facts=True) == before


def test_a_prune_is_recorded_with_actor_and_reason(database: Database) -> None:
    source(database, 1)
    batch(database, "one", State.COMPLETED)
    forget(database)
    rows = database.execute("select verb, actor, reason, done from commands").fetchall()
    assert rows == [("prune", "somebody", "it is full", 1)]


def test_an_empty_prune_is_not_recorded(database: Database) -> None:
    source(database, 1)
    batch(database, "one", State.COMPLETED, updated=NOW)
    assert forget(database).nothing
    assert database.execute("select count(*) from commands").fetchone() == (0,)


@settings(
    max_examples=200 if SOAK else 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.fault("Q12")
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(list(State)), st.booleans()), max_size=12
    ),
    st.sets(st.integers(1, 3)),
)
def test_any_queue_loses_only_old_ended_batches_of_completely_read_files(
    shared: Database, queue: list[tuple[int, State, bool]], behind: set[int]
) -> None:
    empty(shared)
    for number in (1, 2, 3):
        source(shared, number, size=200 if number in behind else 100)
    for place, (number, state, old) in enumerate(queue):
        batch(shared, f"{place}", state, number, OLD if old else NOW)
    unsettled = behind | {number for number, state, _ in queue if state not in PRUNABLE}
    stays = {
        f"{place}"
        for place, (number, state, old) in enumerate(queue)
        if not old or state not in PRUNABLE or number in unsettled
    }
    forget(shared)
    assert batches(shared) == stays
    assert shared.execute("select count(*) from sources").fetchone() == (3,)
    assert shared.execute("select count(*) from cursors").fetchone() == (3,)
