"""A desk for every test of the program, with or without something on it."""

from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import Desk, Sessions, write_sessions


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Nothing was read yet, and there is no Codex home."""
    return Desk(tmp_path, capsys)


@pytest.fixture
def sessions(desk: Desk) -> Sessions:
    """Sessions of every kind, all of them read."""
    written, desk.now = write_sessions(desk.home)
    answer = desk.run("ingest", "-q")
    assert answer.code == 0, answer.err
    return written
