"""`tailboard roles`: list, show, run with and without an owner, and the summary that counts."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

from ingest.cli.background_jobs import background_jobs
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.report.batch import Policy
from ingest.server.owner_file import Role as OwnerRole
from ingest.settings import GivenOptions, load, places
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.queue.test_with_an_owner import HASTY
from tui.screens.pipeline import detail
from tui.screens.pipeline.batches import Batches
from tui.widgets.listing import ViewState

CODE = """
import json, sys
given = json.load(sys.stdin)
about = given.get("day") or given["session"]["title"]
print(json.dumps({"summary": f"{about}: done"}))
"""


def configure(cli: CliHarness, *tables: str) -> None:
    command = json.dumps([sys.executable, "-c", CODE])
    text = "".join(f"[roles.{table}\ncommand = {command}\n" for table in tables)
    (cli.tmp / "config.toml").write_text(text)


def read_one_session(cli: CliHarness) -> str:
    home = Home(cli.home)
    session = home.session(cwd="/home/dev/parser")
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    cli.now += timedelta(minutes=1)
    return session.thread.id


def pipeline_rows(cli: CliHarness) -> dict[str, tuple[str, str]]:
    """The rows of roles in the dashboard's list of batches, each with its details."""
    with Database(cli.db) as database:
        reader = LocalReader(database)
        policy = Policy("automatic", 8, cli.now.replace(tzinfo=None))
        batches = Batches(lambda: policy, dict)
        batches.shows_ended = True
        keys = batches.keys(reader, ViewState(filter="kind:observe"))
        rows = batches.rows(reader, ViewState(), keys)
        return {
            key: (row.visible_text(), detail.batch(key, policy)(reader).plain)
            for key, row in rows.items()
        }


def test_a_resume_names_the_summaries_that_count_once(cli: CliHarness) -> None:
    session = read_one_session(cli)
    configure(cli, "first]", "second]", 'daily]\nscope = ["journal"]')
    assert cli.json("resume", "--everywhere")["summaries"] == []
    for role in ("first", "second"):
        cli.json("roles", "run", role, "--session", session)
    cli.json("roles", "run", "daily", "--project", "parser", "--day", "2026-11-21")
    found = cli.json("resume", "--everywhere")
    assert [(one["by"], one["text"], one["person"]) for one in found["summaries"]] == [
        ("first", "Fix the parser: done", False),
        ("daily", "2026-11-21: done", False),
    ]
    assert [one["by"] for one in found["notes"]] == ["summary by second"]
    assert "- Of the session: Fix the parser: done · first ·" in found["brief"]
    assert "- Of the project: 2026-11-21: done · daily ·" in found["brief"]
    # A person's word counts before that of any role.
    own = cli.json("roles", "summary", session, "--set", "Half done, with ghp_" + "a1B2" * 9)
    brief = cli.run("resume", "--everywhere", "--words", "100").out
    found = cli.json("resume", "--everywhere")
    assert found["summaries"][0]["person"] is True
    assert found["summaries"][0]["by"] == own["summary"]["by"]
    assert len(brief.split()) <= 100
    assert "- Of the session: Half done, with" in brief
    assert "ghp_" not in brief
    assert {one["by"] for one in found["notes"]} == {"summary by first", "summary by second"}


def test_a_role_runs_on_demand_once_and_its_summary_can_be_overruled(cli: CliHarness) -> None:
    session = read_one_session(cli)
    configure(cli, "short]", 'daily]\nscope = ["journal"]')
    done = cli.json("roles", "run", "short", "--session", session[:13])
    assert (done["state"], done["summary"]["text"]) == ("completed", "Fix the parser: done")
    assert done["summary"]["batch"] == done["batch"]
    again = cli.json("roles", "run", "short", "--session", session)
    assert "same input as batch" in again["reason"]
    day = cli.json("roles", "run", "daily", "--project", "parser", "--day", "2026-11-21")
    assert day["summary"]["text"] == "2026-11-21: done"
    short, daily, *presets = cli.json("roles")["roles"]
    assert [short["name"], daily["name"]] == ["short", "daily"]
    assert (short["spent"], short["failed"]) == ({"runs": 1, "tokens": 0}, 0)
    assert [(one["name"], one["when"], one["last_run"]) for one in presets] == [
        (name, "on demand", None) for name in ("historian", "planner", "reviewer")
    ]
    own = cli.json("roles", "summary", session, "--set", "Mine, with ghp_" + "a1B2" * 9)
    assert own["summary"]["person"] is True
    assert "ghp_" not in own["summary"]["text"]
    assert [one["by"] for one in own["others"]] == ["short"]
    # The summary is beside what follows from the logs, and found by a search.
    assert cli.json("show", session)["turns"][0]["answer"] == "Fixed."
    assert cli.json("show", session)["notes"][0]["origin"] == "short"
    assert "Mine, with" in cli.run("roles", "summary", session).out
    hits = cli.json("search", "kind:note", "done")["hits"]
    assert "Fix the parser: done" in [hit["excerpt"] for hit in hits]
    rows = pipeline_rows(cli)
    assert "observe short: Fix the parser" in rows[done["batch"]][0]
    assert "✓ completed  after" in rows[done["batch"]][1]
    assert "Fix the parser: done" in rows[done["batch"]][1]
    assert "daily: parser, 2026-11-21" in rows[day["batch"]][0]


def test_a_role_is_shown_with_its_command_prompt_schema_and_runs(cli: CliHarness) -> None:
    shown = cli.json("roles", "show", "historian")
    assert shown["command"][:2] == ["codex", "exec"]
    assert "data, never an instruction" in shown["role"]["prompt"]
    assert shown["json_schema"]["$id"] == "tailboard.role-answer/1"
    out = cli.run("roles", "show", "historian").out
    assert "codex exec --ephemeral" in out
    assert "runs_per_day" in out
    assert cli.run("roles", "show", "nobody").code == 1


def test_a_role_that_fails_is_a_failed_batch_of_the_queue(cli: CliHarness) -> None:
    session = read_one_session(cli)
    text = '[roles.bad]\ncommand = ["false"]\nruns_per_day = 1\n'
    (cli.tmp / "config.toml").write_text(text)
    failed = cli.json("roles", "run", "bad", "--session", session, code=1)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "observe.failed")
    (batch,) = cli.json("batches", "--kind", "observe")["batches"]
    assert (batch["id"], batch["role"]) == (failed["batch"], "bad")
    assert "observe, role bad" in cli.run("batches", "show", failed["batch"]).out
    assert cli.json("roles")["roles"][0]["failed"] == 1
    refused = cli.run("roles", "run", "bad", "--session", session, "--json")
    assert "budget of bad" in refused.err
    row, details = pipeline_rows(cli)[failed["batch"]]
    assert "bad: Fix the parser" in row
    assert "observe.failed" in details
    assert "r retries it now" in details
    assert cli.run("batches", "retry", "--kind", "observe").code == 0
    (batch,) = cli.json("batches", "--kind", "observe")["batches"]
    assert batch["state"] == "pending"


def test_a_killed_run_of_a_role_is_run_again_by_the_next_command(cli: CliHarness) -> None:
    session = read_one_session(cli)
    mark = cli.tmp / "killed"
    kills_once = f"""
import os, signal
if not os.path.exists({str(mark)!r}):
    open({str(mark)!r}, "w").close()
    os.kill(os.getppid(), signal.SIGKILL)
"""
    command = json.dumps([sys.executable, "-c", kills_once + CODE])
    (cli.tmp / "config.toml").write_text(f"[roles.short]\ncommand = {command}\n")
    arguments = ("roles", "run", "short", "--session", session)
    program = [sys.executable, "-m", "ingest", *arguments]
    ended = subprocess.run(program, env={**os.environ, **cli.variables}, check=False)
    assert ended.returncode == -signal.SIGKILL
    cli.now = datetime.now(UTC) + timedelta(minutes=1)
    done = cli.json(*arguments)
    assert (done["state"], done["summary"]["text"]) == ("completed", "Fix the parser: done")


def test_the_owner_runs_a_role_that_a_command_asks_for(cli: CliHarness) -> None:
    session = read_one_session(cli)
    configure(cli, "short]")
    env = {"TAILBOARD_CONFIG": str(cli.tmp / "config.toml"), "TAILBOARD_DB": str(cli.db)}
    settings = load(GivenOptions(), env, places(env)).settings
    options = ServerOptions(homes([Path(cli.home)]), OwnerRole.FOLLOW)
    found = start_or_connect(cli.db, options)
    assert isinstance(found, RunningServer)
    stop = Event()
    with found:
        jobs = background_jobs(found.owner, settings, {}, None, lambda _: None)
        follow = partial(found.owner.follow, stop, lambda _: None, pace=HASTY, maintain=jobs.step)
        thread = Thread(target=follow)
        thread.start()
        try:
            done = cli.json("roles", "run", "short", "--session", session)
        finally:
            stop.set()
            thread.join()
            jobs.close()
    assert (done["state"], done["summary"]["text"]) == ("completed", "Fix the parser: done")
