"""The `cli` fixture of the integration tests: commands run on an empty or a prepared home."""

from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    """Nothing was read yet, and there is no Codex home."""
    return CliHarness(tmp_path, capsys)


@pytest.fixture
def sessions(cli: CliHarness) -> Sessions:
    """Sessions of every kind, all of them read."""
    written, cli.now = write_sessions(cli.home)
    answer = cli.run("ingest", "-q")
    assert answer.code == 0, answer.err
    return written
