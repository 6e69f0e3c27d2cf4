"""Many clients of the real HTTP server at once, some slow, some with bodies that are too large."""

import asyncio
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.build import Rollout
from tests.integration.agents.conftest import Server, serving
from tests.integration.resume.conftest import Project

NORMAL, SLOW, OVERSIZED = 60, 20, 20
TOO_LARGE = 8 * 1024 * 1024
MOST_GROWTH = 64 * 1024 * 1024
"""Far less than the oversized bodies together."""


class Clients:
    """Each request has a connection of its own, which the server closes after its answer."""

    def __init__(self, server: Server, key: str) -> None:
        parts = urlsplit(server.url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host, self.port, self.key = parts.hostname, parts.port, key

    async def open(
        self, path: str, body: bytes = b"", length: int | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """`length`: what the client says, if the body is not complete."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        head = (
            f"{'POST' if body else 'GET'} {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            f"Authorization: Bearer {self.key}",
            f"Content-Length: {len(body) if length is None else length}",
            "Connection: close",
        )
        writer.write("\r\n".join((*head, "", "")).encode() + body)
        await writer.drain()
        return reader, writer

    async def status(self, path: str, body: bytes = b"") -> int:
        """Like many libraries, it reads the answer after it has sent everything."""
        return await answer(*await self.open(path, body))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    whole = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(whole.split(b" ", 2)[1])


def peak(server: Server) -> int:
    """The most memory that the process ever had, where the system tells it."""
    if sys.platform != "linux":
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def test_slow_and_oversized_clients_keep_nobody_from_an_answer(
    project: Project, left: Rollout
) -> None:
    project.read()
    key = project.cli.json("serve", "keys", "create", "many")["key"]
    with serving(project, "--per-minute", "100000") as server:
        clients = Clients(server, key)
        paths = ("/v1/projects", "/openapi.json", "/v1/search?q=unicode")
        normal = [paths[number % len(paths)] for number in range(NORMAL)]
        assert {*await asyncio.gather(*map(clients.status, normal[:20]))} == {200}
        before = peak(server)
        slow = [await clients.open("/v1/projects", b"{", 2) for _ in range(SLOW)]
        large = bytes(TOO_LARGE)
        every = await asyncio.gather(
            *(clients.status("/mcp", large) for _ in range(OVERSIZED)),
            *map(clients.status, normal),
        )
        assert every == [413] * OVERSIZED + [200] * NORMAL
        assert peak(server) - before < MOST_GROWTH
        for _, writer in slow:
            writer.write(b"}")
        # What they sent too slowly, but in time, is answered: this route takes no POST.
        assert {await answer(*one) for one in slow} <= {405, 408}


async def test_who_sends_a_large_body_with_a_wrong_key_reads_why_it_is_refused(
    project: Project, left: Rollout
) -> None:
    project.read()
    project.cli.json("serve", "keys", "create", "other")
    with serving(project) as server:
        assert await Clients(server, "wrong").status("/mcp", bytes(TOO_LARGE)) == 401
