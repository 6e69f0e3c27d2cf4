"""A home with sessions of every state, all of them read."""

from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import CliHarness
from tests.integration.conftest import PreparedSessions


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys)


@pytest.fixture
def cli(empty: CliHarness, prepared_sessions: PreparedSessions) -> CliHarness:
    empty.prepared_home, (_, now) = prepared_sessions.copy_database(empty.tmp)
    empty.now = max(empty.now, now)
    return empty
