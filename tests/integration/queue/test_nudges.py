"""Nudges from the owner: a session that begins to wait, a real command, and no second report."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.projects import nudge_job
from ingest.projects.nudge_job import NudgeJob
from ingest.sessions.nudges import Nudge, turn
from ingest.settings import Settings
from tests.build import Home
from tests.fake_daemon import WAITS_FOR_APPROVAL, fake_daemon

PROGRAM = """
import pathlib, sys
with open({out!r}, "a") as file:
    file.write(sys.stdin.read() + "\\n")
"""


def test_a_waiting_session_runs_the_command_once_and_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge_job, "LOOK_EVERY", 0.0)
    monkeypatch.setattr("ingest.live.home.TIMEOUT", 30.0)
    home, out = Home(tmp_path / "codex"), tmp_path / "out"
    rung: list[str] = []
    session = home.session("g4")
    session.prompt("Publish it")
    session.write()
    # A desktop with a notify-send that says what it was given.
    program = tmp_path / "bin" / "notify-send"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {out}\n')
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}:{os.environ['PATH']}", "DISPLAY": ":9"}
    command = (sys.executable, "-c", PROGRAM.format(out=str(out)))
    settings = Settings(
        codex_homes=(home.path,), db=tmp_path / "tailboard.duckdb", notify_command=command
    )
    with fake_daemon(home.path) as daemon, Database(settings.db) as database:
        now = datetime.fromtimestamp(home.clock.seconds, UTC).replace(tzinfo=None)
        owner = Owner(database, homes([home.path]), clock=lambda: now)
        owner.read_once()
        job = NudgeJob(owner, settings, env, UTC, rung.append)
        reports: list[list[Nudge]] = []
        monkeypatch.setattr(job, "_report", lambda found: reports.append(found))
        job.step()
        daemon.set(session.thread.id, WAITS_FOR_APPROVAL)
        while not reports:
            job.step()
        job._changed.set()
        job.step()
        assert len(reports) == 1
        monkeypatch.undo()
        job._report(reports[0])
        job.close()
        # Switched off, the same event is not reported.
        turn(settings.db, on=False)
        other = NudgeJob(owner, settings, env, UTC, rung.append)
        other._nudges.new([], now)
        other.step()
        other.close()
    assert rung == ["Waits for approval: Publish it (sample)"]
    shown, document = out.read_text().splitlines()
    assert shown == "--app-name=Tailboard -- Codex Waits for approval: Publish it (sample)"
    assert json.loads(document) == {
        "schema": "tailboard.notify/1",
        "text": rung[0],
        "session": session.thread.id,
        "project": "sample",
        "state": "waiting",
        "waiting_for": "approval",
        "title": "Publish it",
    }
