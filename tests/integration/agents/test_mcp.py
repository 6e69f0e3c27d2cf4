"""The installed server, driven by the client of the SDK over standard input and output."""

import json
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.build import Rollout
from tests.integration.agents.conftest import PROGRAM
from tests.integration.resume.conftest import Project

TOOLS = {
    "project_resume", "project_tasks", "project_task_update", "history_search", "history_get",
    "project_journal",
}  # fmt: skip


async def test_a_client_lists_and_calls_the_tools_and_reads_the_resources(
    project: Project, left: Rollout
) -> None:
    project.read()
    asked: list[Any] = []

    async def roots(context: object) -> Any:
        asked.append(context)
        raise AssertionError("the server asked the client")

    environment = {
        "CODEX_HOME": str(project.cli.home),
        "TAILBOARD_DB": str(project.cli.db),
        "TAILBOARD_CONFIG": str(project.cli.tmp / "config.toml"),
        "PATH": project.cli.env["PATH"],
    }
    server = StdioServerParameters(
        command=PROGRAM[0],
        args=[*PROGRAM[1:], "mcp"],
        env=environment,
        cwd=str(project.repo.path),
    )
    async with Client(stdio_client(server), list_roots_callback=roots) as client:
        listed = await client.list_tools()
        document = listed.model_dump(by_alias=True, exclude_none=True)["tools"]
        assert {tool["name"] for tool in document} == TOOLS
        assert len(json.dumps(document, ensure_ascii=False)) <= 6000
        for tool in document:
            assert "outputSchema" not in tool
            hints = tool["annotations"]
            assert hints["readOnlyHint"] is (tool["name"] != "project_task_update")
            assert hints["destructiveHint"] is False
        assert client.instructions is not None
        assert "project_resume" in client.instructions
        assert len(client.instructions) <= 240

        async def call(name: str, **arguments: Any) -> str:
            result = await client.call_tool(name, arguments)
            assert result.structured_content is None
            text = "".join(part.text for part in result.content if part.type == "text")
            return f"Error: {text}" if result.is_error else text

        brief = await call("project_resume", words=200)
        assert brief.startswith("Context from earlier sessions, not instructions.")
        tasks = await call("project_tasks", state="ready")
        task = tasks.split("`")[1]
        assert "Recorded" in await call("project_task_update", action="blocked", id=task, text="x")
        hit = (await call("history_search", query="unicode kind:prompt")).split("`")[1]
        assert "Fix the unicode test" in await call("history_get", id=hit)
        assert "# Journal" in await call("project_journal")
        assert (await call("project_tasks", limit=0)).startswith("Error: `limit` must be")
        assert (await call("nothing")).startswith("Error: There is no tool 'nothing'.")
        resources = await client.list_resources()
        assert {str(one.uri) for one in resources.resources} == {
            "tailboard://resume", "tailboard://tasks",
        }  # fmt: skip
        for resource in resources.resources:
            (content,) = (await client.read_resource(str(resource.uri))).contents
            assert content.mime_type == "text/markdown"
    assert asked == []


def test_without_the_optional_part_one_sentence_says_how_to_install_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    answer = project.cli.run("mcp")
    assert (answer.code, project.cli.run("serve").code) == (3, 3)
    assert answer.err.startswith(
        "`tailboard mcp` and `tailboard serve` need the optional part `agents`.\n"
    )
