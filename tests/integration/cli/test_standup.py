"""`tailboard standup`: what was done, what is open and what failed, in a few lines."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def projects(cli: CliHarness) -> CliHarness:
    """Two projects on one day, and one of them on the day before."""
    home = Home(cli.home)
    for folder, days in (("parser", 1), ("parser", 0), ("web", 0)):
        session = home.session(cwd=f"/home/dev/{folder}")
        session.prompt(f"Work on {folder}")
        session.plan([(f"Read {folder}", "completed"), (f"Fix {folder} {days}", "pending")])
        session.command(f"make {folder}", exit_code=2, output="no\n")
        session.patch({f"{folder}.py": "x\n"})
        session.end_turn("So far.")
        session.write()
        home.clock.tick(days * 86_400_000)
    cli.now = datetime.fromtimestamp(home.clock.seconds, UTC) + timedelta(minutes=1)
    assert cli.run("ingest", "-q").code == 0
    return cli


def test_a_standup_lists_for_each_project_what_is_done_open_and_failed(
    projects: CliHarness,
) -> None:
    assert projects.run("standup", "--everywhere").out == (
        "# Standup of 2026-11-22\n\n"
        "## parser: 1 session, 1 file changed\n\n"
        "- **Done** Read parser\n- **Open** Fix parser 0\n- **Failed** `make parser` (exit 2)\n\n"
        "## web: 1 session, 1 file changed\n\n"
        "- **Done** Read web\n- **Open** Fix web 0\n- **Failed** `make web` (exit 2)\n"
    )


def test_a_standup_can_be_of_a_day_of_a_period_and_of_a_project(projects: CliHarness) -> None:
    (day,) = projects.json("standup", "--everywhere", "--day", "yesterday")["projects"]
    assert (day["project"], day["open"]) == ("parser", ["Fix parser 1"])
    since = projects.run("standup", "--since", "3d", "--project", "parser").out
    assert since.startswith("# Standup since 2026-11-19 08:")
    assert "## parser: 2 sessions" in since
    assert "web" not in since
    (both,) = projects.json("standup", "--since", "3d", "--project", "parser")["projects"]
    assert both["open"] == ["Fix parser 1", "Fix parser 0"]
    assert both["failed"] == [{"kind": "command", "what": "make parser", "how": "exit 2"}]


def test_a_standup_shows_the_summary_that_counts(projects: CliHarness) -> None:
    projects.json("roles", "summary", "--project", "web", "--set", "The page loads.\nAll of it.")
    shown = projects.run("standup", "--everywhere").out
    assert re.search(r"- \*\*Summary\*\* The page loads\. All of it\. \(\S+, 2026-11-22\)", shown)
    parser, web = projects.json("standup", "--everywhere")["projects"]
    assert (parser["summary"], web["summary"]["person"]) == (None, True)


def test_a_standup_outside_of_every_project_asks_which_one(projects: CliHarness) -> None:
    answer = projects.run("standup")
    assert (answer.code, answer.out) == (1, "")
    assert "`--everywhere` asks for all projects." in answer.err


def test_a_standup_of_a_time_without_activity_is_refused(projects: CliHarness) -> None:
    answer = projects.run("standup", "--everywhere", "--day", "2026-11-01")
    assert (answer.code, answer.out) == (1, "")
    assert "No session was active" in answer.err
    assert projects.run("standup", "--everywhere", "--day", "today", "--since", "1d").code == 2


def test_a_standup_has_at_most_forty_lines(cli: CliHarness) -> None:
    home = Home(cli.home)
    for letter in "abcdefghijkl":
        session = home.session(cwd=f"/home/dev/{letter * 6}")
        session.prompt("Work")
        steps = [(f"Step {step}", ("completed", "pending")[step % 2]) for step in range(40)]
        session.plan(steps)
        for command in range(9):
            session.command(f"make thing{command}", exit_code=1, output="no\n")
        session.end_turn("So far.")
        session.write()
    assert cli.run("ingest", "-q").code == 0
    many = cli.run("standup", "--everywhere").out
    assert len(many.splitlines()) <= 40
    assert many.rstrip().endswith("6 other projects left out.")
    one = cli.run("standup", "--project", "dddddd").out
    assert 30 <= len(one.splitlines()) <= 40
    assert one.count("**Failed**") == 9
    assert len(re.findall(r"\(and \d+ more\)", one)) == 2
