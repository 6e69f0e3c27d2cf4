"""Queries that need more memory than the initial limit of the engine, with and without an owner."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier

import pytest

from ingest.actions import FindSecrets
from ingest.db import database as store
from ingest.db.database import Database
from ingest.db.engine import Connection
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.queue.test_with_an_owner import ONCE, following

LINES = 300
ASKING = 8
PATIENCE = 60.0
TIGHT = 16
"""Megabytes for the engine: too little for these lines."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one session of many long invalid lines, and its database."""
    folder = tmp_path_factory.mktemp("rejecting")
    session = Home(folder / "codex").session()
    session.prompt("Begin")
    for number in range(LINES):
        session.raw(b"{not json " + (b"%05d " % number) * 10_000 + b"\n")
        # A valid record between them, so that they are not one run and one row.
        session.event("agent_message", message=str(number))
    session.end_turn("Done.")
    session.write()
    return folder


@pytest.fixture
def cli(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    cli, kept = CliHarness(written, capsys), written / "kept"
    if not kept.exists():
        assert cli.run("ingest").code == 0
        shutil.copytree(cli.db.parent, kept)
    shutil.rmtree(cli.db.parent)
    shutil.copytree(kept, cli.db.parent)
    monkeypatch.setattr(store, "MEMORY_MB", TIGHT)
    return cli


def run_without_memory(cli: CliHarness, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """The output of the command if the engine gets no more memory."""
    with monkeypatch.context() as patched:
        patched.setattr(store, "MAX_MEMORY_MB", TIGHT)
        return cli.run(*arguments).err


@pytest.mark.fault("D40")
@pytest.mark.parametrize("owned", [False, True], ids=["alone", "owned"])
@pytest.mark.parametrize(
    "words",
    [
        ("quarantine", "list", "--limit", str(LINES)),
        ("redact", "scan"),
        ("snapshot", "--overwrite", "--out", "{}/copy.duckdb"),
        ("snapshot", "--out", "{}/copy.parquet"),
        ("reset", "--all", "--yes"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_commands_work_with_long_rejected_lines(
    cli: CliHarness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    owned: bool,
) -> None:
    arguments = [word.format(tmp_path) for word in words]
    with following(cli, ONCE) if owned else nullcontext():
        assert "ran out of memory" in run_without_memory(cli, monkeypatch, *arguments)
        answer = cli.run(*arguments)
    assert answer.code == 0, answer.err


@pytest.mark.fault("D41")
def test_memory_of_a_query_is_released(tmp_path: Path) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        before = limit(database)
        while database.raise_memory_limit():
            assert limit(database) > before
        database.release_memory()
        assert limit(database) == before
        assert database.raise_memory_limit()


@pytest.mark.fault("D41")
def test_a_reopened_database_starts_with_the_default_memory_limit(tmp_path: Path) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        before = limit(database)
        while database.raise_memory_limit():
            pass
        database.reopen()
        assert limit(database) == before
        assert database.raise_memory_limit()
        assert limit(database) > before


@pytest.mark.fault("D41")
def test_concurrent_queries_reopen_a_closed_database_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        database.close()
        connect, opened = Database._connect, []
        together = Barrier(ASKING)

        def counted(self: Database) -> Connection:
            opened.append(self)
            return connect(self)

        def ask(_: int) -> list[dict[str, object]]:
            together.wait()
            return database.rows("queue.pauses")

        monkeypatch.setattr(Database, "_connect", counted)
        with ThreadPoolExecutor(ASKING) as threads:
            assert list(threads.map(ask, range(ASKING))) == [[]] * ASKING
        assert len(opened) == 1


def limit(database: Database) -> float:
    ((text,),) = database.reader().execute("select current_setting('memory_limit')").fetchall()
    return float(text.split()[0])


@pytest.mark.fault("D41")
def test_a_search_for_secrets_does_not_wait_for_writers(cli: CliHarness) -> None:
    """The owner does not execute actions, as while it reads a backlog."""
    found = start_or_connect(cli.db, ServerOptions(homes([cli.home]), Role.FOLLOW))
    assert isinstance(found, RunningServer)
    with found, ThreadPoolExecutor(1) as threads:
        looked = threads.submit(scan_secrets, cli.db)
        try:
            assert looked.result(PATIENCE) == []
        finally:
            found.actions.close()


def scan_secrets(path: Path) -> object:
    with DatabaseClient(path) as remote:
        return remote.act(FindSecrets())


@pytest.mark.fault("D40")
def test_verify_deep_works_with_long_rejected_lines(cli: CliHarness) -> None:
    answer = cli.run("verify", "--deep")
    assert answer.code == 0, answer.err
