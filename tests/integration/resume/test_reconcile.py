"""`tailboard state reconcile`: proposals for work whose branch moved on, and only those."""

import pytest

from ingest.store.database import Database
from tests.integration.queue.test_with_an_owner import following
from tests.integration.resume.conftest import Project

STEPS = [("Read", "completed"), ("Fix the parser", "in_progress")]


@pytest.fixture
def moved_on(project: Project) -> Project:
    """One session on a branch that was merged and deleted, one on a commit that was rewritten."""
    repo = project.repo
    repo.branch("work")
    merged = project.session("work")
    repo.switch("main")
    repo.git("branch", "--delete", "work")
    lost = project.session("main", "b" * 40)
    fine = project.session("main")
    for one in (merged, lost, fine):
        one.prompt("Begin")
        one.plan(STEPS, "Two steps")
        one.end_turn("Later.")
        one.write()
    project.read()
    return project


def verbs(project: Project) -> list[str]:
    with Database(project.desk.db) as database:
        rows = database.reader().execute("select verb from commands order by rowid").fetchall()
    return [verb for (verb,) in rows]


def test_it_proposes_and_changes_nothing_by_itself(moved_on: Project) -> None:
    found = moved_on.desk.json("state", "reconcile", "--dry-run")
    told = {(one["alignment"], one["choice"], one["to"]) for one in found["changes"]}
    assert told == {("other-branch", "move", "main"), ("rewritten", "review", None)}
    assert found["done"] is False
    answer = moved_on.desk.run("state", "reconcile")
    assert answer.code == 2  # Nobody is there to be asked.
    assert verbs(moved_on) == []


def test_a_yes_is_written_down_and_not_asked_again(moved_on: Project) -> None:
    answer = moved_on.desk.run("state", "reconcile", "--yes", "--reason", "tidy")
    assert answer.code == 0, answer.err
    assert "move to main" in answer.out
    assert verbs(moved_on) == ["reconcile", "reconcile"]
    assert moved_on.desk.json("state", "reconcile", "--dry-run")["changes"] == []
    session = moved_on.desk.json("sessions", "--branch", "work")["sessions"][0]["id"]
    decisions = moved_on.desk.json("resume", "--session", session)["decisions"]
    assert decisions[0]["text"] == f"moved to main: session {session[:8]} (tidy)"


def test_a_person_may_answer_otherwise(moved_on: Project) -> None:
    session = moved_on.desk.json("sessions", "--branch", "work")["sessions"][0]["id"]
    answer = moved_on.desk.run(
        "state", "reconcile", "--session", session, "--as", "move", "--to", "release", "--yes"
    )
    assert answer.code == 0, answer.err
    left = moved_on.desk.json("state", "reconcile", "--dry-run")["changes"]
    assert [one["alignment"] for one in left] == ["rewritten"]
    assert moved_on.desk.run("state", "reconcile", "--as", "move", "--yes").code == 2


def test_it_is_kept_by_the_owner_and_survives_the_database(moved_on: Project) -> None:
    with following(moved_on.desk):
        assert moved_on.desk.run("state", "reconcile", "--yes").code == 0
    moved_on.desk.db.unlink()
    moved_on.read()
    assert moved_on.desk.json("state", "reconcile", "--dry-run")["changes"] == []
