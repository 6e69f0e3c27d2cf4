"""Surroundings of the program: environment, memory, database file, other versions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.db import migrate
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.probe import probe
from ingest.errors import DatabaseError, DatabaseReplaced, QueryRefused
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server import owner_file
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import OwnerInfo, Role
from tests.facts_dump import dump
from tests.faults.fault_harness import ROOT, SMALL, FaultHarness


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    made = FaultHarness(tmp_path)
    for which in ("plan", "chat", "partial"):
        made.session(which)
    return made


def ingest(
    harness: FaultHarness, env: dict[str, str], **options: object
) -> "subprocess.CompletedProcess[str]":
    code = (
        "import os, sys; from datetime import UTC, datetime; from ingest.cli.main import run; "
        "sys.exit(run(sys.argv[1:], os.environ, datetime.now(UTC)))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "ingest", "--json", "--codex-home", str(harness.home.path),
         "--db", str(harness.path)],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **env},
        capture_output=True, text=True, check=False, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def test_code_in_the_current_folder_is_not_run(
    harness: FaultHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, ran = tmp_path / "checkout", tmp_path / "ran"
    for name in ("ingest/__init__.py", "msgspec.py", "zstandard.py", "_duckdb.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(f"open({str(ran)!r}, 'w')")
    monkeypatch.chdir(here)
    harness.read(readers=1)
    assert probe(harness.path) is None
    assert not ran.exists()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P18")
@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "4711", "TZ": "America/St_Johns"},
        {"PYTHONHASHSEED": "random"},
    ],
    ids=["ascii", "kathmandu", "hashes", "chance"],
)
def test_the_facts_do_not_depend_on_the_environment(
    harness: FaultHarness, env: dict[str, str]
) -> None:
    harness.create()
    # There is no home folder either.
    answer = ingest(harness, env)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["behind_bytes"] == 0
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P07")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so")
@pytest.mark.parametrize("megabytes", [200, 400, 1_200])
def test_too_little_memory_ends_a_run_and_keeps_what_is_stored(
    harness: FaultHarness, megabytes: int
) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024**2,) * 2)

    ingest(harness, {}, preexec_fn=limit)
    # Whether it succeeded or not: the next run has enough memory and completes the data.
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P05")
def test_an_owner_file_without_the_lock_is_ignored(
    harness: FaultHarness,
) -> None:
    harness.read()
    # The previous owner is dead, and this very process got its pid.
    left = OwnerInfo(os.getpid(), "2026-11-21T12:00:00", Role.FOLLOW, "1", 1, [], "nowhere")
    owner_file.write(harness.path, left)
    with start_or_connect(
        harness.path, ServerOptions(homes([harness.home.path]), Role.INGEST), harness.clock
    ) as found:
        assert isinstance(found, RunningServer)
        with DatabaseClient(harness.path) as client:
            assert client.host.role == Role.INGEST


@pytest.mark.fault("P15")
def test_a_new_version_continues_the_batches_of_the_old_one(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        owner.read(owner.scan().changed[:1])
        # It dies while it reads a batch.
        database.execute(
            "insert into batches by name select id, kind, source, generation, start, finish, "
            "'claimed' as state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues, created_at, "
            "updated_at from v_batches order by id limit 1"
        )
    newer = migrate.Migration(9000, "9000_more.sql", "create table more(a int)")
    monkeypatch.setattr(migrate, "shipped", lambda of=migrate.shipped: [*of(), newer])
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert set(harness.states()) <= {"completed", "completed_empty", "pending"}
    assert harness.rows("select count(*) from batch_moves where move = 'rescue'") == [(1,)]


@pytest.mark.fault("D13")
def test_changing_tables_have_no_index_besides_their_key(tmp_path: Path) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        assert database.execute("select index_name from duckdb_indexes()").fetchall() == []
        keyed = database.execute(
            "select distinct table_name from duckdb_constraints() "
            "where constraint_type in ('PRIMARY KEY', 'UNIQUE')"
        ).fetchall()
    facts = {"turns", "messages", "calls", "files", "usage", "segments", "cursors", "rejects"}
    assert not facts & {name for (name,) in keyed}


@pytest.mark.fault("D15")
@pytest.mark.parametrize("other", [False, True], ids=["deleted", "replaced"])
def test_after_the_file_was_deleted_nothing_is_written_and_the_next_start_reads_everything(
    harness: FaultHarness, *, other: bool
) -> None:
    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        owner.read(owner.scan().changed[:1])
        harness.path.unlink()
        if other:
            harness.path.write_bytes(b"")
        with pytest.raises(DatabaseReplaced, match="while it was in use"):
            owner.read_once()
    harness.forget()
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("D21")
def test_a_query_that_needs_too_much_memory_fails_alone(harness: FaultHarness) -> None:
    harness.read()
    with harness.open() as database:
        database.execute("set memory_limit = '64MB'")
        database.execute("set max_temp_directory_size = '1MB'")
        reading = LocalReader(database)
        with pytest.raises((QueryRefused, DatabaseError), match=r"(?i)memory|max_temp|space"):
            reading.sql(
                "select list(r order by hash(r)) from range(20_000_000) t(r) group by r % 7", 10
            )
        assert reading.sql("select count(*) > 0 from v_sessions", 10).rows == [(True,)]
        assert list(dump(database)) == harness.expected_facts()
