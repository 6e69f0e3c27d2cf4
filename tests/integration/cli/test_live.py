"""What Codex's daemon says is the state that commands show, and what they show without it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home
from tests.fake_daemon import ACTIVE, WAITS_FOR_APPROVAL, WAITS_FOR_INPUT, FakeDaemon, fake_daemon
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    """A home with one session that runs a command; every command asks the daemon anew."""
    monkeypatch.setattr("ingest.live.home.ASK_EVERY", 0.0)
    monkeypatch.setattr("ingest.live.home.TIMEOUT", 30.0)
    cli = CliHarness(tmp_path, capsys)
    session = Home(cli.home).session("g4")
    session.prompt("Publish it")
    session.write()
    cli.now = datetime.fromtimestamp(session.clock.ms / 1000, UTC)
    cli.run("ingest", "-q")
    return cli


def session(cli: CliHarness) -> dict[str, Any]:
    (found,) = cli.json("sessions")["sessions"]
    return dict(found)


def set_status(cli: CliHarness, daemon: FakeDaemon, status: dict[str, Any]) -> None:
    daemon.threads = {session(cli)["id"]: status}


def check(cli: CliHarness) -> str:
    checks = cli.run("doctor", "--json").json["checks"]
    return str(next(check["detail"] for check in checks if check["name"] == "codex daemon"))


def test_states_are_those_of_the_daemon_while_it_runs(cli: CliHarness) -> None:
    assert (session(cli)["state"], session(cli)["waiting_for"]) == ("running", None)
    assert check(cli) == "None runs. The session files decide."
    with fake_daemon(cli.home) as daemon:
        set_status(cli, daemon, WAITS_FOR_APPROVAL)
        assert (session(cli)["state"], session(cli)["waiting_for"]) == ("waiting", "approval")
        assert session(cli)["state_reason"] == "Waits for approval"
        assert cli.json("status")["sessions"]["waiting"] == 1
        assert "waiting for approval" in cli.run("status").out
        assert check(cli) == "Codex 0.171: 1 thread loaded, 1 waiting."
        set_status(cli, daemon, WAITS_FOR_INPUT)
        assert "waiting for input" in cli.run("sessions").out
        set_status(cli, daemon, ACTIVE)
        assert session(cli)["state"] == "running"
    assert session(cli)["state"] == "running"


def test_the_daemon_is_not_asked_if_the_setting_is_off(cli: CliHarness) -> None:
    with fake_daemon(cli.home) as daemon:
        set_status(cli, daemon, WAITS_FOR_APPROVAL)
        connections = daemon.connections
        cli.env["TAILBOARD_CODEX_DAEMON"] = "false"
        assert session(cli)["state"] == "running"
        assert check(cli).startswith("Not asked")
        assert daemon.connections == connections


def test_a_daemon_that_is_not_understood_is_named_and_the_files_decide(cli: CliHarness) -> None:
    with fake_daemon(cli.home, "shape") as daemon:
        daemon.threads = {"x": ACTIVE}
        assert session(cli)["state"] == "running"
        assert check(cli) == (
            "Not used: Its answer is not in a form that is known. The session files decide."
        )
    with fake_daemon(cli.home) as daemon:
        daemon.user_agent = "codex-tui/0.999.1 (somewhere)"
        set_status(cli, daemon, {"type": "dreaming"})
        assert session(cli)["state"] == "running"
        assert "newer than this version" in check(cli)
        assert check(cli).endswith("Statuses that are not known: dreaming.")
