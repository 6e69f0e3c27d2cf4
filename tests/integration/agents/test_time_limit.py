"""How long requests of agents may take and wait."""

import asyncio

import anyio
import pytest

from ingest.cli.agents import time_limit
from ingest.cli.agents.time_limit import TooSlow, run_bounded
from tests.build import Rollout
from tests.integration.agents.conftest import request
from tests.integration.resume.conftest import Project


async def test_the_time_of_a_request_begins_with_its_turn(
    project: Project, left: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter, asked = anyio.CapacityLimiter(1), request(project)
    await limiter.acquire_on_behalf_of("another request")
    monkeypatch.setattr(time_limit, "SECONDS", 0.0)
    waits = asyncio.create_task(run_bounded(lambda _: 1, asked, limiter))
    await anyio.wait_all_tasks_blocked()
    monkeypatch.setattr(time_limit, "SECONDS", 60.0)
    limiter.release_on_behalf_of("another request")
    assert await waits == 1
    assert limiter.borrowed_tokens == 0


async def test_a_request_does_not_wait_forever(
    project: Project, left: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "WAIT_SECONDS", 0.0)
    limiter = anyio.CapacityLimiter(1)
    await limiter.acquire_on_behalf_of("another request")
    with pytest.raises(TooSlow, match="Too many other requests run"):
        await run_bounded(lambda _: 1, request(project), limiter)
    assert limiter.borrowed_tokens == 1
