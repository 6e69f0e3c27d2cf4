"""What people and agents ask on a large home, through the owner of its database. A process.

Waits until the owner has read and derived everything, then prints the durations of each question in
seconds. With no lines to read, only a search of what the database has.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ingest.projects.git.read_repository import Git
from ingest.projects.journal.build import day_journal, journal_rules, newest_day
from ingest.projects.resume.build import resume
from ingest.projects.tasks.roadmap import roadmap
from ingest.report.insights import load_insights
from ingest.report.period import Period
from ingest.report.report import build_report
from ingest.server.client import DatabaseClient
from ingest.sessions.scope import Now, Scope
from ingest.sessions.search.lag import lag
from ingest.sessions.search.query import parse
from ingest.sessions.search.search import search
from ingest.sessions.session import list_sessions
from ingest.text.redact import mask
from tests.bench.load import timed
from tests.bench.served import READ, owned
from tests.bench.terminal import memory

SEARCHES = {
    "one word": "marker",
    "three words": "kernel syntax watch",
    "a rare word": "pin7x5",
}
_PAUSE = 2.0
_EVERYTHING = dict.fromkeys(("project", "branch", "session", "since", "until"))
_UNDERIVED = """
select
    (select count(*) from session_rows) - (select count(*) from session_tasks)
    + (select count(distinct project_id) from v_sessions) - (select count(*) from written_projects)
"""


def _clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def wait_until_derived(client: DatabaseClient, lines: int) -> None:
    """Until all is read, in the search index, and the tasks of each project are there."""
    while True:
        read = client.sql(READ).rows[0][0]
        behind = lag(client, _clock())
        if read >= lines and not behind.sources and not behind.seconds:
            break
        time.sleep(_PAUSE)
    while client.sql(_UNDERIVED).rows[0][0] > 0:
        time.sleep(_PAUSE)


def searches(client: DatabaseClient, runs: int) -> dict[str, list[float]]:
    now = _clock()
    return {
        f"search, {name}": timed(partial(search, client, parse(text, now), now), runs)
        for name, text in SEARCHES.items()
    }


def questions(client: DatabaseClient, runs: int) -> dict[str, list[float]]:
    clock = _clock()
    now, rules = Now(clock, timedelta(minutes=10), timedelta(hours=24)), journal_rules(UTC, 20)
    newest = list_sessions(client, Scope(limit=1), now)[0]
    # The sessions of a home that was made up may be of any time.
    month = Period("", (newest.last_at or clock) - timedelta(days=30))
    project = Scope(project=newest.project)
    day = newest_day(client, newest.project, UTC)
    git = Git(os.environ)
    asked: dict[str, Callable[[], object]] = {
        "the first 50 sessions": lambda: list_sessions(client, Scope(limit=50), now),
        "tasks of a project": lambda: roadmap(client, project, now),
        "resume of a project": lambda: resume(client, project, now, git, mask),
        "report": lambda: build_report(client, Period(""), UTC),
        "Insights of 30 days": lambda: load_insights(client, month, clock, UTC),
        "Insights of all days": lambda: load_insights(client, Period(""), clock, UTC),
        "usage by day": lambda: client.rows("usage.by_time", **_EVERYTHING, minutes=60),
    }
    if day is not None:
        asked["journal of a day"] = lambda: day_journal(client, day, rules, newest.project)
    return searches(client, runs) | {name: timed(ask, runs) for name, ask in asked.items()}


async def _calls(environment: dict[str, str], folder: str, runs: int) -> dict[str, list[float]]:
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    program = str(Path(sys.executable).with_name("tailboard"))
    began = time.perf_counter()
    server = StdioServerParameters(command=program, args=["mcp"], env=environment)
    async with Client(stdio_client(server)) as client:
        await client.list_tools()
        took = {"MCP: start": [time.perf_counter() - began]}
        for tool, arguments in (
            ("history_search", {"query": SEARCHES["one word"]}),
            ("project_tasks", {}),
            ("project_resume", {}),
            ("project_journal", {}),
        ):
            samples = []
            for _ in range(runs + 1):
                called = time.perf_counter()
                await client.call_tool(tool, {**arguments, "cwd": folder})
                samples.append(time.perf_counter() - called)
            took[f"MCP: {tool}"] = samples[1:]  # The first call imports.
    return took


def measure(home: Path, db: Path, lines: int, runs: int) -> dict[str, list[float]]:
    with owned(home, db) as (owner, client):
        wait_until_derived(client, lines)
        if not lines:
            return searches(client, runs)
        took = questions(client, runs)
        folder = client.sql("select max(cwd) from v_sessions").rows[0][0]
        environment = {**os.environ, "TAILBOARD_DB": str(db), "CODEX_HOME": str(home)}
        with suppress(ImportError):
            took |= asyncio.run(_calls(environment, folder, runs))
        return took | {"memory": [float(memory(owner))]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("db", type=Path)
    parser.add_argument("lines", type=int, help="how many there are to read; 0: only search")
    parser.add_argument("--runs", type=int, default=30)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.home, chosen.db, chosen.lines, chosen.runs)))


if __name__ == "__main__":
    main()
