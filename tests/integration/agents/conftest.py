"""A project with sessions of it, and requests about it in this process."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from ingest.cli.agents import time_limit
from ingest.cli.agents.request import AgentRequest, request_at
from ingest.cli.agents.tools import TOOLS, call, checked, sentence
from ingest.cli.invocation import Invocation
from ingest.errors import TailboardError
from tests.build import Rollout
from tests.integration.resume.conftest import Project, cli, left, project

__all__ = ["cli", "left", "project"]

Ask = Callable[..., str]
PATIENCE = 60.0
_PATIENT = f"from ingest.cli.agents import time_limit; time_limit.SECONDS = {PATIENCE}"
PROGRAM = [sys.executable, "-c", f"{_PATIENT}; from ingest.cli.main import main; main()"]
"""The program, which gives each request more time than users want to wait: machines are shared."""


@pytest.fixture(autouse=True)
def requests_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "SECONDS", PATIENCE)


def request(project: Project, cwd: str | None = None, **more: Any) -> AgentRequest:
    harness = project.cli
    env = {
        "CODEX_HOME": str(harness.home),
        "TAILBOARD_DB": str(harness.db),
        "TAILBOARD_CONFIG": str(harness.tmp / "config.toml"),
        **harness.env,
    }
    base = Invocation(env, harness.now, io.StringIO(), io.StringIO(), harness.zone)
    return request_at(base, harness.now, cwd or str(project.repo.path), **more)


@pytest.fixture
def ask(project: Project, left: Rollout) -> Ask:
    """Calls a tool, and gives its answer or the sentence of its error."""
    project.read()

    def ask(name: str, *, asking: str | None = None, **given: Any) -> str:
        tool = TOOLS[name]
        try:
            about = request(project, given.get("cwd"), asking=asking)
            return call(about, tool, checked(tool, given))
        except TailboardError as error:
            return f"Error: {sentence(error)}"

    return ask


@dataclass(frozen=True)
class Server:
    url: str
    pid: int


@contextmanager
def serving(project: Project, *options: str) -> Iterator[Server]:
    """`tailboard serve` in a process of its own."""
    cli = project.cli
    environment = {
        "CODEX_HOME": str(cli.home),
        "TAILBOARD_DB": str(cli.db),
        "TAILBOARD_CONFIG": str(cli.tmp / "config.toml"),
        "PATH": cli.env["PATH"],
    }
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0", *options],
        env=environment,
        cwd=project.repo.path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        yield Server(line.removeprefix("Listening on ").strip(), process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=60)
