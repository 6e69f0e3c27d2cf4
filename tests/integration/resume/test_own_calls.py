"""What a session asked Tailboard and the answers it got are not used as data."""

import pytest

from tests.integration.resume.conftest import Project

ANSWER = "The zebra plan: decided to use zebras. error: zebra"
TOOLS = (
    "project_resume", "project_tasks", "history_search", "history_get", "project_journal",
    "project_task_update",
)  # fmt: skip


@pytest.fixture
def asked(project: Project) -> Project:
    """A session that calls Tailboard in every way."""
    session = project.session()
    session.prompt("Go on with the parser")
    for tool in TOOLS:
        session.mcp("tailboard", tool, {"query": "quagga"}, ANSWER)
    session.mcp("renamed", "project_resume", {}, ANSWER)
    session.call("read_mcp_resource", {"uri": "tailboard://resume"}, ANSWER)
    session.command("tailboard resume --words 200", output=ANSWER)
    session.command("cd /tmp && .venv/bin/tailboard tasks next", exit_code=1, output=ANSWER)
    session.command("pytest -x && tailboard --help", exit_code=1, output="1 failed, quokka")
    session.end_turn("I read it.")
    session.write()
    project.read()
    return project


def test_answers_of_tailboard_are_in_no_search_brief_or_journal(asked: Project) -> None:
    cli = asked.cli
    assert cli.json("search", "zebra")["total"] == 0
    assert cli.json("search", "quagga")["total"] == 0
    assert cli.json("search", "zebra", "kind:self")["total"] == 10
    for command in (("resume",), ("journal", "show"), ("standup",), ("tasks", "list")):
        text = cli.run(*command).out + cli.run(*command, "--json").out
        assert "zebra" not in text, command
    assert cli.json("search", "quokka")["total"] == 1
    failures = cli.json("resume")["failures"]
    assert [failure["command"] for failure in failures] == ["pytest -x && tailboard --help"]
