"""A home with sessions of every kind, all of them read."""

from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import CliHarness, write_sessions


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys)


@pytest.fixture
def cli(empty: CliHarness) -> CliHarness:
    _, now = write_sessions(empty.home)
    empty.now = max(empty.now, now)
    assert empty.run("ingest", "-q").code == 0
    return empty
