"""`tailboard state reconcile`: proposals only for work whose branch has changed."""

import pytest

from ingest.db.database import Database
from tests.integration.queue.test_with_an_owner import following
from tests.integration.resume.conftest import Project

STEPS = [("Read", "completed"), ("Fix the parser", "in_progress")]


@pytest.fixture
def moved_on(project: Project) -> Project:
    """One session on a branch that was merged and deleted, and one on a commit that was
    rewritten."""
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
    with Database(project.cli.db) as database:
        rows = database.reader().execute("select verb from commands order by rowid").fetchall()
    return [verb for (verb,) in rows]


def on(project: Project, branch: str) -> list[str]:
    """The sessions of a branch."""
    return [one["id"] for one in project.cli.json("sessions", "--branch", branch)["sessions"]]


def move(project: Project, session: str, branch: str) -> None:
    answer = project.cli.run(
        "state", "reconcile", "--session", session, "--as", "move", "--to", branch, "--yes"
    )
    assert answer.code == 0, answer.err


def test_reconcile_only_proposes_without_confirmation(moved_on: Project) -> None:
    found = moved_on.cli.json("state", "reconcile", "--dry-run")
    result = {(one["alignment"], one["choice"], one["to"]) for one in found["changes"]}
    assert result == {("other-branch", "move", "main"), ("rewritten", "review", None)}
    assert found["done"] is False
    answer = moved_on.cli.run("state", "reconcile")
    assert f"\n  {found['changes'][0]['why']} {found['changes'][0]['because']}\n" in answer.out
    assert answer.code == 2  # There is no terminal for a confirmation.
    assert verbs(moved_on) == []


def test_a_confirmed_proposal_is_recorded_and_not_proposed_again(moved_on: Project) -> None:
    (session,) = on(moved_on, "work")
    answer = moved_on.cli.run("state", "reconcile", "--yes", "--reason", "tidy")
    assert answer.code == 0, answer.err
    assert "move to main" in answer.out
    assert verbs(moved_on) == ["reconcile", "reconcile"]
    assert moved_on.cli.json("state", "reconcile", "--dry-run")["changes"] == []
    decisions = moved_on.cli.json("resume", "--session", session)["decisions"]
    assert f"moved to main: session {session[:8]} (tidy)" in [one["text"] for one in decisions]


def test_another_answer_than_the_proposal_can_be_given(moved_on: Project) -> None:
    (session,) = on(moved_on, "work")
    move(moved_on, session, "release")
    left = moved_on.cli.json("state", "reconcile", "--dry-run")["changes"]
    assert [one["alignment"] for one in left] == ["rewritten"]
    assert moved_on.cli.run("state", "reconcile", "--as", "move", "--yes").code == 2


def test_a_decision_is_recorded_by_the_owner_and_survives_the_loss_of_the_database(
    moved_on: Project,
) -> None:
    with following(moved_on.cli):
        assert moved_on.cli.run("state", "reconcile", "--yes").code == 0
    moved_on.cli.db.unlink()
    moved_on.read()
    assert moved_on.cli.json("state", "reconcile", "--dry-run")["changes"] == []


def test_moved_work_belongs_to_its_new_branch_in_all_commands(
    moved_on: Project,
) -> None:
    cli = moved_on.cli
    (session,) = on(moved_on, "work")
    move(moved_on, session, "release")
    assert on(moved_on, "work") == []
    assert on(moved_on, "release") == [session]
    tasks = cli.json("tasks", "list", "--branch", "release")["tasks"]
    assert [task["appearances"][0]["branch"] for task in tasks] == ["release"] * 2
    hits = cli.json("search", "Begin branch:release")["hits"]
    assert {one["session"] for one in hits} == {session}
    assert cli.json("tasks", "list", "--branch", "work")["tasks"] == []
    assert cli.json("usage", "--branch", "release")["rows"]
    assert cli.json("resume", "--branch", "release")["session"]["id"] == session
    (result,) = cli.json("sessions", "--branch", "release")["sessions"]
    assert (result["branch"], result["began_on"]) == ("release", "work")
    assert "release (began on work)" in cli.run("show", session).out


def test_a_journal_and_git_keep_the_branch_it_began_on(moved_on: Project) -> None:
    (session,) = on(moved_on, "work")
    before = moved_on.cli.json("resume", "--session", session)["alignment_why"]
    move(moved_on, session, "release")
    assert moved_on.cli.json("resume", "--session", session)["alignment_why"] == before
    assert "on `work`" in moved_on.cli.run("journal", "show", "--session", session).out


def test_the_last_decision_about_a_branch_counts(moved_on: Project) -> None:
    (session,) = on(moved_on, "work")
    move(moved_on, session, "release")
    again = "state", "reconcile", "--as", "keep", "--yes"
    moved_on.cli.run(*again)
    assert on(moved_on, "release") == [session]  # It is only filtered by name.
    answer = moved_on.cli.run(*again, "--session", session)
    assert answer.code == 0, answer.err
    assert on(moved_on, "work") == [session]
