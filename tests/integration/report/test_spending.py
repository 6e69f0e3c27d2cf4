"""Where tokens and time went, and which programs fail."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.db.local_reader import LocalReader
from ingest.report.insights import load_insights
from ingest.report.period import Period
from ingest.report.spending import by_project, by_session, by_turn
from tests.build import scenarios
from tests.faults.fault_harness import FaultHarness

ALL = Period("")
NOW = datetime(2026, 11, 24)


def test_each_level_adds_up_to_the_one_above_and_agents_count_for_their_session(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    session, *agents = scenarios.agents(harness.home)
    for each in (session, *agents):
        each.write()
    harness.session("chat")
    harness.read()
    with harness.open() as database:
        reader = LocalReader(database)
        projects = by_project(reader, ALL)
        (total,) = reader.sql("select sum(total) from v_usage").rows[0]
        assert sum(project.tokens for project in projects) == total
        (project,) = [p for p in projects if p.turns > 1]
        sessions = by_session(reader, ALL, project.key)
        assert sum(each.tokens for each in sessions) == project.tokens
        assert sum(each.turns for each in sessions) == project.turns
        (found,) = [each for each in sessions if each.key == session.thread.id]
        parts = by_turn(reader, found.home, found.key)
        assert sum(part.tokens for part in parts) == found.tokens
        assert [part.name for part in parts if part.place] == [
            "Survey tests and docs with two helpers"
        ]
        assert {part.key for part in parts if part.agent} == {a.thread.id for a in agents}


def test_a_period_limits_what_counts(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.session("plan")
    began = datetime.fromtimestamp(harness.home.clock.ms / 1000, UTC).replace(tzinfo=None)
    harness.session("chat")
    harness.read()
    with harness.open() as database:
        reader = LocalReader(database)
        before, after = Period("", None, began), Period("", began)
        tokens = [sum(p.tokens for p in by_project(reader, each)) for each in (before, after, ALL)]
        assert tokens[0] + tokens[1] == tokens[2]
        assert tokens[0] > 0 < tokens[1]


PROGRAMS = {
    "pytest -q tests": "pytest",
    "cd src && FOO=1 BAR=x uv run pytest -q": "pytest",
    ".venv/bin/python3.11 -m pytest": "pytest",
    "git commit -qm 'x'": "git commit",
    "git -C sub status": "git",
    "sudo apt-get install x": "apt-get",
    "timeout 60 make check": "make check",
    "/usr/bin/env": "env",
    "ls": "ls",
    "rg -n 'a b' | head": "rg",
    "": "",
}


def test_the_program_of_a_command_line(tmp_path: Path) -> None:
    with FaultHarness(tmp_path).open() as database:
        for command, program in PROGRAMS.items():
            quoted = command.replace("'", "''")
            answer = LocalReader(database).sql(f"select program_of('{quoted}')")
            assert answer.rows == [(program,)], command


def test_the_time_of_turns_and_the_limits_of_each_day_are_shown(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session("g4")
    session.prompt("Test it")
    session.command("pytest -q", 1, "1 failed", seconds=30.0)
    session.command("git status", 0, "", seconds=1.0)
    session.command("cd x && pytest", 0, "ok", seconds=10.0)
    session.end_turn("Done.")
    for used, days in ((40.0, 0), (104.0, 0), (7.0, 2)):
        session.clock.advance(timedelta(days=days).total_seconds() + 60)
        session.limits = {"primary": {"used_percent": used, "window_minutes": 300}}
        session.count()
    session.clock.advance(60)
    session.prompt("And now the changelog")
    session.end_turn("Done.")
    session.write()
    harness.read()
    with harness.open() as database:
        found = load_insights(LocalReader(database), ALL, NOW, UTC)
    (window,) = found.windows
    assert (window.minutes, window.percents) == (300, [104.0, None, 7.0])
    assert found.context is not None
    first, gap, last = found.context.percents
    assert gap is None
    with harness.open() as database:
        responses = LocalReader(database).sql(
            "select u.total * 100.0 / context_window from usage u join segments using (source) "
            "order by u.total"
        )
    assert [first, last] == [pytest.approx(row[0]) for row in responses.rows[-2:]]
    assert found.time.commands == pytest.approx(41.0, abs=0.5)
    assert found.time.waiting == 0.0, "after two days, nobody waited"
    (program,) = found.programs
    assert (program.program, program.runs, program.failed) == ("pytest", 2, 1)
    assert sum(map(sum, found.hours)) == sum(map(sum, found.tokens.totals))
