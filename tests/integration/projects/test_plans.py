"""Unusual plans in every view: several in one line, empty, refused, rolled back."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.projects.journal.build import journal_rules, session_journal
from ingest.projects.journal.write import JournalFormat, render
from ingest.projects.roles.facts import role_input
from ingest.projects.tasks.roadmap import roadmap
from ingest.role_settings import Role
from ingest.sessions.load import load_log
from ingest.sessions.model import SessionLog
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, list_sessions
from ingest.sessions.timeline import Moment, Tools, load_moments, load_order
from ingest.text.times import duration
from tests.build import Home, Rollout, calls
from tests.integration.facts.expectations import owner
from tui.screens.board_card import load_card, render_card

Steps = list[tuple[str, str]]
NOW = Now(datetime(2026, 12, 1), timedelta(minutes=5), timedelta(hours=24))
OFF = "unsupported call: update_plan"


class Views:
    """All views of the only session that was read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rows = LocalReader(database)

    @property
    def session(self) -> Session:
        (one,) = list_sessions(self.rows, Scope(), NOW)
        return one

    @property
    def log(self) -> SessionLog:
        return load_log(self.rows, self.session)

    @property
    def card(self) -> str:
        return render_card(load_card(self.rows, self.session, NOW)).plain

    @property
    def journal(self) -> str:
        journal = session_journal(self.rows, self.session.id, journal_rules(None, 20))
        return render(journal, JournalFormat.MARKDOWN, None)

    @property
    def observed(self) -> Steps:
        return [(one["text"], one["status"]) for one in self.given["plan"]]

    @property
    def given(self) -> dict[str, Any]:
        """What a role is given."""
        found = {"home": self.session.home_id, "session": self.session.id, "day": None}
        result = role_input(self.database, Role(name="r", command=("x",)), found, None)
        assert result is not None
        document: dict[str, Any] = msgspec.json.decode(result.document)
        assert result.turn == document["turns"][-1]["n"]
        return document

    @property
    def moments(self) -> list[Moment]:
        """One per key of the timeline; a key without one fails."""
        home, session = self.session.home_id, self.session.id
        order = load_order(self.rows, home, session, Tools.FULL, words=False)
        keys = [one.at._replace(part=line) for one in order for line in range(one.lines + 1)]
        found = load_moments(self.rows, home, session, keys)
        return [found[key] for key in keys]

    @property
    def plans(self) -> list[str]:
        return [one.head for one in self.moments if one.name == "plan"]


Read = Callable[[], Views]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "codex")


@pytest.fixture
def read(home: Home, tmp_path: Path) -> Iterator[Read]:
    with owner(home.path, tmp_path / "tailboard.duckdb") as reading:

        def once() -> Views:
            reading.read_once()
            return Views(reading.database)

        yield once


def arguments(steps: Steps) -> dict[str, object]:
    return {"plan": [{"step": text, "status": status} for text, status in steps]}


def refuse_plan(session: Rollout, steps: Steps) -> None:
    session.call("update_plan", arguments(steps), OFF)


def write_turn(session: Rollout, *actions: Callable[[], object]) -> None:
    session.prompt("Begin")
    for one in actions:
        one()
    session.end_turn("Done.")
    session.write()


def test_a_script_that_sets_two_plans_sets_two(home: Home, read: Read) -> None:
    session = home.session("g4", "0.169.0")
    first = [("Read", "completed"), ("Fix", "pending")]
    second = [("Read", "completed"), ("Fix", "completed"), ("Ship", "pending")]
    script = "\n".join(calls.script("update_plan", arguments(one)) for one in (first, second))
    write_turn(session, lambda: session.custom("exec", script, calls.script_output("{}")))
    result = read()
    assert [[(s.text, s.status) for s in plan.steps] for plan in result.log.plans] == [
        first,
        second,
    ]
    assert result.plans == ["revision 1, 1 of 2 done", "revision 2, 2 of 3 done"]
    assert "**Result** 2 of 3 steps done" in result.journal
    assert "added “Ship”" in result.journal
    assert result.observed == second


def test_plans_of_one_line_are_in_the_order_they_were_set(home: Home, read: Read) -> None:
    session = home.session("g4", "0.169.0")
    set_ = [calls.script("update_plan", arguments([(text, "pending")])) for text in ("Z", "A")]
    write_turn(session, lambda: session.custom("exec", "\n".join(set_), calls.script_output("{}")))
    result = read()
    home_id, id_ = result.session.home_id, result.session.id
    found = load_order(result.rows, home_id, id_, Tools.SHORT, words=True)
    by_words = {one.at.n: one.text for one in found if one.at.what == "plan"}
    bodies = {one.at.n: one.body for one in result.moments if one.name == "plan"}
    assert '"Z"' in by_words[1]
    assert "[pending] Z" in bodies[1]
    assert '"A"' in by_words[2]
    assert "[pending] A" in bodies[2]


def test_a_plan_that_was_emptied_is_empty_everywhere(home: Home, read: Read) -> None:
    session = home.session("g3")
    write_turn(
        session,
        lambda: session.plan([("Read", "completed"), ("Fix", "in_progress")]),
        lambda: session.plan([]),
    )
    result = read()
    assert result.session.plan_total == 0
    assert [len(plan.steps) for plan in result.log.plans] == [2, 0]
    assert result.plans == ["revision 1, 1 of 2 done", "revision 2, no steps"]
    assert "**Result** plan dropped" in result.journal
    assert "dropped “Read”, “Fix”" in result.journal
    assert "Plan  revision 2\n  no steps" in result.card
    assert "Fix" not in result.card
    assert result.observed == []


def test_steps_after_an_emptied_plan_were_added(home: Home, read: Read) -> None:
    session = home.session("g3")
    steps = [("Read", "pending")]
    write_turn(
        session,
        lambda: session.plan(steps),
        lambda: session.plan([]),
        lambda: session.plan(steps),
    )
    assert "added “Read”" in read().journal


def test_a_refused_plan_does_not_count(home: Home, read: Read) -> None:
    session = home.session("g4", "0.155.0")
    real = [("Read", "in_progress")]
    write_turn(
        session,
        lambda: session.plan(real),
        lambda: refuse_plan(session, [("Read", "completed"), ("Dream", "pending")]),
    )
    result = read()
    assert result.observed == real
    assert "Plan  revision 1\n" in result.card
    assert "Dream" not in result.card
    assert [plan.accepted for plan in result.log.plans] == [True, False]
    assert result.plans == ["revision 1, 0 of 1 done", "revision 2, 1 of 2 done (refused)"]


def test_a_command_that_failed_without_a_code_failed(home: Home, read: Read) -> None:
    session = home.session("g3")
    reply = "exec_command failed: no such shell"
    write_turn(session, lambda: session.call("exec_command", {"cmd": "ls"}, reply))
    assert "✗ ls → failed" in read().card


def test_the_plan_of_a_rolled_back_turn_does_not_count(home: Home, read: Read) -> None:
    session = home.session("g3")
    write_turn(session, lambda: session.plan([("Read", "in_progress")]))
    session.prompt("Do another thing")
    session.plan([("Something else", "in_progress")])
    session.end_turn("Done.")
    session.rollback(1)
    session.write()
    result = read()
    assert result.observed == [("Read", "in_progress")]
    assert "Something else" not in result.card
    assert "Plan  revision 1\n" in result.card


def test_the_plan_of_the_last_file_of_a_session_counts(home: Home, read: Read) -> None:
    """Each file counts its revisions from 1, and the last file may be found first."""
    session = home.session("g4", "0.169.0")
    session.prompt("Begin")
    for status in ("pending", "in_progress", "completed"):
        session.plan([("Read", status)])
    session.end_turn("Read.")
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.write()
    later = session.revert(1)
    later.prompt("Go on otherwise")
    later.plan([("Read", "completed"), ("Fix", "pending")])
    later.end_turn("Planned.")
    later.write()
    result = read()
    assert result.observed == [("Read", "completed"), ("Fix", "pending")]
    assert "Fix" in result.card
    assert result.given["messages"][-1]["text"] == "Planned."


def test_goals_name_the_turn_of_their_session(home: Home, read: Read) -> None:
    """Each file counts its turns from 1; the session counts them over all its files."""
    session = home.session("g4", "0.169.0")
    for text in ("Begin", "Continue"):
        session.prompt(text)
        session.end_turn("Done.")
    session.write()
    later = session.revert(1)
    later.prompt("Continue differently")
    later.goal("All tests pass")
    later.end_turn("Done.")
    later.write()
    log = read().log
    assert [goal.turn for goal in log.goals] == [log.turns[-1].n]
    assert log.turns[-1].n > 1


def test_a_step_has_the_same_duration_on_the_card_and_among_the_tasks(
    home: Home, read: Read
) -> None:
    session = home.session("g4", "0.169.0")
    session.prompt("Begin")
    for steps in (
        [("Read the parser", "in_progress"), ("Ship", "pending")],
        [("Read the parser, all of it", "in_progress"), ("Ship", "pending")],
        [("Read the parser, all of it", "completed"), ("Ship", "in_progress")],
    ):
        session.plan(steps)
        home.clock.tick(60_000)
    session.end_turn("Done.")
    session.write()
    result = read()
    tasks = {task.text: task for task in roadmap(result.rows, Scope(), NOW).tasks}
    for text in ("Read the parser, all of it", "Ship"):
        took = duration(tasks[text].seconds)
        assert took
        assert f"{text}  {took}\n" in result.card
