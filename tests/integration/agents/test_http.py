"""The HTTP API: routes, keys, and every way to be refused."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.types import ASGIApp, Message

from ingest import log
from ingest.cli.agents import time_limit
from ingest.cli.agents.http import gate
from ingest.cli.agents.http.app import application
from ingest.cli.agents.http.endpoints import ENDPOINTS
from ingest.cli.agents.http.keys import KeyFile
from ingest.cli.agents.http.openapi import PROBLEMS
from ingest.cli.agents.http.token_bucket import full
from tests.build import Rollout
from tests.integration.agents.conftest import request, serving
from tests.integration.resume.conftest import Project

HOST = "127.0.0.1:7317"
KEY = "sk-proj-" + "a1B2" * 10


@dataclass
class Api:
    app: ASGIApp
    keys: KeyFile
    key: str

    async def send(
        self,
        path: str,
        *,
        key: str | None = None,
        method: str = "GET",
        body: list[bytes] | None = None,
        stuck: bool = False,
        **headers: str,
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and document of the answer. A `stuck` client never ends its body."""
        given = {"host": HOST, "authorization": f"Bearer {key or self.key}", **headers}
        path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": query.encode(), "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 7317),
            "headers": [(k.encode(), v.encode()) for k, v in given.items() if v],
        }  # fmt: skip
        parts = [*(body or [b""])]
        got: list[Message] = []

        async def receive() -> Message:
            if not parts:
                await asyncio.Event().wait()
            more = len(parts) > 1 or stuck
            return {"type": "http.request", "body": parts.pop(0), "more_body": more}

        async def send(message: Message) -> None:
            got.append(message)

        await self.app(scope, receive, send)
        headers_ = {k.decode(): v.decode() for k, v in got[0]["headers"]}
        text = b"".join(message.get("body", b"") for message in got[1:])
        return got[0]["status"], headers_, json.loads(text) if text else None

    async def status(self, path: str, **more: Any) -> int:
        return (await self.send(path, **more))[0]


@pytest.fixture
def api(project: Project, left: Rollout) -> Iterator[Api]:
    project.read()
    base = request(project).invocation
    keys = KeyFile(project.cli.db)
    key = keys.create("test", datetime(2026, 11, 1))
    log.start(project.cli.db)
    yield Api(application(base, keys, frozenset({HOST}), 1000), keys, key)
    log.start(project.cli.db)


async def test_every_route_answers_with_the_document_of_its_command(
    api: Api, project: Project
) -> None:
    for path, schema, rows in (
        ("/v1/search?q=unicode", "search", "hits"),
        ("/v1/search?q=kind:prompt&repo=parser&language=python", "search", "hits"),
        ("/v1/projects", "project", "projects"),
        ("/v1/projects/parser/tasks?state=all", "tasks", "tasks"),
        ("/v1/projects/parser/resume?words=100", "resume", "open_steps"),
        ("/v1/projects/parser/journal", "journal.text", "markdown"),
        ("/v1/status", "status", "homes"),
    ):
        status, _, document = await api.send(path)
        assert (status, document["schema"]) == (200, f"tailboard.{schema}/1"), (path, document)
        assert document[rows], path
    here = (await api.send("/v1/search?q=unicode%20at:here"))[2]["hits"]
    assert {each["anchor"] for each in here} == {"reachable"}
    hit = (await api.send("/v1/search?q=unicode"))[2]["hits"][0]
    item = (await api.send(f"/v1/items/{hit['id']}?around=1"))[2]
    assert "unicode" in item["text"].lower()
    assert (await api.send("/v1/search?q=kind:prompt&language=cobol"))[2]["total"] == 0
    described = (await api.send("/openapi.json"))[2]
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {endpoint.path for endpoint in ENDPOINTS}


async def test_requests_at_the_same_time_are_all_answered_without_an_owner(api: Api) -> None:
    paths = ["/v1/projects", "/v1/search?q=unicode"] * 2
    assert await asyncio.gather(*map(api.status, paths)) == [200] * 4


async def test_wrong_requests_are_refused_with_a_documented_status(
    api: Api, project: Project, left: Rollout
) -> None:
    other = project.session()
    other.prompt("Check the parser")
    other.write()
    project.read()
    several = left.facts.thread_id[:4]  # Both began in the same minute.
    assert other.facts.thread_id.startswith(several)
    wrong = {
        "/v1/search": 400, "/v1/search?q=x&limit=0": 400, "/v1/search?q=x&limit=x": 400,
        "/v1/search?q=x&q=y": 400, "/v1/search?q=x&colour=1": 400, "/v1/search?q=%00": 400,
        "/v1/items/zz": 404, "/v1/projects/none/tasks": 404, "/nothing": 404,
        "/v1/projects/parser/journal?day=never": 400, f"/v1/items/{several}": 409,
    }  # fmt: skip
    for path, status in wrong.items():
        got, _, document = await api.send(path)
        assert (got, document["schema"]) == (status, "tailboard.error/1"), path
        assert document["error"]["message"], path
    assert await api.status("/v1/projects", method="POST") == 405
    assert {str(status) for status in wrong.values()} <= set(PROBLEMS)


async def test_no_wrong_revoked_or_expired_key_gets_an_answer_and_all_are_logged(
    api: Api, project: Project
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    old = api.keys.create("old", now, expires_at=now - timedelta(seconds=1))
    gone = api.keys.create("gone", now)
    api.keys.revoke("gone", now)
    assert await api.status("/v1/projects") == 200
    wrong = (api.key[:-1] + ("a" if api.key[-1] != "a" else "b"), "tailboard_", "x", old, gone)
    for path in ("/v1/projects", "/openapi.json", "/mcp", "/nothing"):
        for key in wrong:
            status, headers, document = await api.send(path, key=key)
            assert (status, headers["www-authenticate"]) == (401, "Bearer")
            assert document["error"]["code"] == "key"
        assert await api.status(path, authorization="") == 401
        assert await api.status(path, authorization=f"Basic {api.key}") == 401
    logged = (project.cli.db.parent / "tailboard.log").read_text()
    assert "HTTP 200 GET '/v1/projects' key 'test', 1 rows" in logged
    assert "HTTP 401 GET '/v1/projects' key 'gone', - rows" in logged
    assert "HTTP 401 GET '/v1/projects' key 'none', - rows" in logged
    stored = b"".join(
        path.read_bytes() for path in project.cli.db.parent.rglob("*") if path.is_file()
    )
    for key in (api.key, old, gone):
        secret = key.split("_", 2)[2]
        assert secret.encode() not in stored


async def test_a_web_page_cannot_reach_it_through_the_browser(api: Api) -> None:
    assert await api.status("/v1/projects", host="evil.example:7317") == 421
    assert await api.status("/v1/projects", host="127.0.0.1:80") == 421
    assert await api.status("/v1/projects", origin="https://evil.example") == 403
    assert await api.status("/v1/projects", origin="null") == 403
    assert await api.status("/v1/projects", origin=f"http://{HOST}") == 200


async def test_a_key_for_one_project_learns_nothing_of_others(api: Api, project: Project) -> None:
    other = project.home.session(cwd="/home/dev/secret-shed", git=None)
    other.prompt("Paint the shed")
    other.end_turn("Painted.")
    other.write()
    project.read()
    key = api.keys.create("parser", datetime(2026, 11, 1), project="parser")
    there = (await api.send("/v1/search?q=shed"))[2]["hits"]
    assert there
    for path, status in {
        "/v1/projects/parser/tasks": 200, "/v1/search?q=unicode": 200, "/v1/projects": 200,
        "/v1/projects/secret-shed/tasks": 403, "/v1/projects/none/tasks": 403,
        "/v1/search?q=shed&repo=secret-shed": 403, "/v1/status": 403,
        f"/v1/items/{there[0]['id']}": 404, f"/v1/items/{other.facts.thread_id}": 404,
        "/v1/items/0": 404, "/v1/search?q=shed+project:secret-shed": 200,
        f"/v1/projects/parser/journal?session={other.facts.thread_id}": 403,
    }.items():  # fmt: skip
        got, _, document = await api.send(path, key=key)
        assert got == status, (path, document)
        assert "shed" not in json.dumps(document).lower(), path
        assert other.facts.thread_id not in json.dumps(document)


async def test_bodies_are_bounded_in_size_and_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = [b"x" * 40_000] * 2
    assert await api.status("/mcp", method="POST", body=big) == 413
    assert await api.status("/mcp", method="POST", **{"content-length": "99999999"}) == 413
    assert await api.status("/mcp", method="POST", **{"content-length": "-1"}) == 413
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.01)
    assert await api.status("/mcp", method="POST", body=[b"{"], stuck=True) == 408


async def test_a_request_that_takes_too_long_is_ended_and_says_what_to_ask(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time_limit, "SECONDS", 0.0)
        status, _, document = await api.send("/v1/search?q=unicode")
    assert (status, document["error"]["code"]) == (408, "too_slow")
    assert document["error"]["hint"].startswith("Ask for less")
    assert await api.status("/v1/search?q=unicode") == 200


async def test_a_change_that_cannot_open_the_database_blocks_no_later_request(
    api: Api, project: Project
) -> None:
    database = project.cli.db.rename(project.cli.db.with_name("aside"))
    project.cli.db.mkdir()
    assert "is a folder" in project.cli.run("project", "undo").err
    project.cli.db.rmdir()
    database.rename(project.cli.db)
    assert await api.status("/v1/search?q=unicode") == 200


async def test_a_key_has_so_many_requests_a_minute(api: Api, project: Project) -> None:
    base = request(project).invocation
    limited = Api(application(base, api.keys, frozenset({HOST}), 3), api.keys, api.key)
    got = [await limited.send("/openapi.json") for _ in range(5)]
    assert [status for status, _, _ in got] == [200, 200, 200, 429, 429]
    assert int(got[-1][1]["retry-after"]) in range(1, 21)
    other = api.keys.create("other", datetime(2026, 11, 1))
    assert await limited.status("/openapi.json", key=other) == 200


def test_a_bucket_fills_again_and_never_over_its_size() -> None:
    bucket = full(0.0, 60)
    assert [bucket.take(0.0) for _ in range(60)] == [0.0] * 60
    assert bucket.take(0.0) == 1.0
    assert bucket.take(1.0) == 0.0
    assert bucket.take(1.0) == 1.0
    assert bucket.take(10_000.0) == 0.0
    assert bucket.tokens == 59


async def test_answers_are_masked_again(api: Api, project: Project) -> None:
    session = project.session()
    session.prompt(f"Use {KEY} for the quagga")
    session.end_turn("Used.")
    session.write()
    project.read()
    _, _, document = await api.send("/v1/search?q=quagga")
    assert document["hits"]
    assert KEY not in json.dumps(document)


def test_keys_are_created_listed_and_revoked_on_the_command_line(
    project: Project, left: Rollout
) -> None:
    project.read()
    cli = project.cli
    created = cli.json("serve", "keys", "create", "laptop", "--expires", "90d", "--scope", "tasks")
    assert re.fullmatch(r"tailboard_[0-9a-f]{12}_[\w-]{43}", created["key"])
    assert KeyFile(cli.db).find(created["key"]) is not None
    assert "already" in cli.run("serve", "keys", "create", "laptop").err
    (listed,) = cli.json("serve", "keys", "list")["keys"]
    assert set(listed) == {
        "name", "scope", "project", "created_at", "expires_at", "revoked_at", "last_used_at",
    }  # fmt: skip
    assert created["key"] not in cli.run("serve", "keys", "list").out
    assert cli.run("serve", "keys", "revoke", "laptop").code == 0
    assert cli.run("serve", "keys", "revoke", "laptop").code == 1
    assert cli.json("serve", "keys", "list")["keys"][0]["revoked_at"] is not None
    assert cli.run("serve", "keys", "create", "x", "--project", "none").code == 1
    refused = cli.run("serve", "--host", "0.0.0.0")
    assert refused.code == 2
    assert "`--allow-remote` allows it" in refused.err


async def test_a_client_of_the_sdk_calls_the_tools_over_http(
    project: Project, left: Rollout
) -> None:
    """The key is sent as Codex sends what is in TAILBOARD_KEY."""
    project.read()
    cli = project.cli
    reader = cli.json("serve", "keys", "create", "reader", "--project", "parser")["key"]
    writer = cli.json("serve", "keys", "create", "writer", "--scope", "tasks")["key"]
    with serving(project) as server:

        async def call(key: str, name: str, **arguments: Any) -> tuple[bool, str]:
            headers = {"Authorization": f"Bearer {key}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
            ):
                result = await client.call_tool(name, arguments)
                text = "".join(part.text for part in result.content if part.type == "text")
                return bool(result.is_error), text

        failed, brief = await call(reader, "project_resume")
        assert not failed
        assert "Fix the parser" in brief
        failed, text = await call(reader, "project_task_update", action="add", text="Read")
        assert failed
        assert text == "This key may only read. Use one with the scope `tasks`."
        failed, text = await call(writer, "project_task_update", action="add", text="Read")
        assert not failed
        assert "Recorded as said by an agent" in text
