"""The demo: a realistic home in a temporary folder, without changes to the user's files."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.exit_codes import Exit
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def temp_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary folders; its path is short, because that of a socket must be."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def test_the_demo_has_an_example_of_everything(cli: CliHarness, temp_folder: Path) -> None:
    cli.env["TAILBOARD_STALL_MINUTES"] = "9999"
    document = cli.json("demo", "--headless", "0")
    assert document["schema"] == "tailboard.demo/1"
    assert document["home"].startswith(f"{temp_folder}/tailboard-demo-")
    assert document["db"].startswith(f"{temp_folder}/tailboard-demo-")
    status = document["status"]
    assert status["sessions"] == {"running": 3, "waiting": 1, "stalled": 1, "failed": 1}
    assert status["sources"]["archived"] == 1
    assert status["sources"]["damaged"] == 1
    assert status["rejected_lines"] == 2
    assert status["batches"]["failed"] == 1


def test_the_demo_leaves_no_files_and_changes_none_of_the_user(
    cli: CliHarness, temp_folder: Path
) -> None:
    assert cli.run("demo", "--headless", "0").code == 0
    assert list(temp_folder.iterdir()) == []
    assert list(cli.tmp.iterdir()) == []


def test_the_headless_demo_prints_its_status(cli: CliHarness, temp_folder: Path) -> None:
    out = cli.run("demo", "--headless", "0").out
    assert "● 3 running ◐ 1 waiting ◆ 1 stalled ✗ 1 failed" in out
    assert "Move cron jobs to timers" in out


def test_without_a_terminal_the_demo_suggests_headless(cli: CliHarness, temp_folder: Path) -> None:
    answer = cli.run("demo")
    assert answer.code == Exit.USAGE
    assert "`tailboard demo --headless 5`" in answer.err
    assert list(temp_folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_folder_is_removed_on_every_signal(temp_folder: Path, number: signal.Signals) -> None:
    program = "import sys; from ingest.cli.main import main; main()"
    env = {**os.environ, "TMPDIR": str(temp_folder)}
    with subprocess.Popen(
        [sys.executable, "-c", program, "demo", "--headless", "600"],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not list(temp_folder.glob("tailboard-demo-*/*.duckdb")):
            assert process.poll() is None
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert "running" in out
    assert list(temp_folder.iterdir()) == []
