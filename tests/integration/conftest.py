"""The `cli` fixture of the integration tests: commands run on an empty or a prepared home."""

from datetime import datetime
from pathlib import Path

import pytest

from ingest.cli.main import run
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions
from tests.prepared import PreparedHome

PreparedSessions = PreparedHome[tuple[Sessions, datetime]]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    """A harness without a Codex home and without a database."""
    return CliHarness(tmp_path, capsys)


def prepare(folder: Path) -> tuple[Sessions, datetime]:
    written, now = write_sessions(folder / "codex")
    environment = {
        "CODEX_HOME": str(folder / "codex"),
        "TAILBOARD_DB": str(folder / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(folder / "config.toml"),
    }
    assert run(("ingest", "-q"), environment, now) == 0
    return written, now


@pytest.fixture(scope="session")
def prepared_sessions(tmp_path_factory: pytest.TempPathFactory) -> PreparedSessions:
    return PreparedHome(lambda: tmp_path_factory.mktemp("sessions"), prepare)


@pytest.fixture
def sessions(cli: CliHarness, prepared_sessions: PreparedSessions) -> Sessions:
    """Sessions of every state, all of them read."""
    cli.prepared_home, (written, cli.now) = prepared_sessions.copy_database(cli.tmp)
    return written
