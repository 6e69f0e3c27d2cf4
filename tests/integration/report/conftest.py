"""A desk with sessions of every kind on it, all of them read."""

from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import Desk, write_sessions


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.fixture
def desk(empty: Desk) -> Desk:
    _, now = write_sessions(empty.home)
    empty.now = max(empty.now, now)
    assert empty.run("ingest", "-q").code == 0
    return empty
