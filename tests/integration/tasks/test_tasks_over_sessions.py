"""A step that several sessions list is one task, and everything said about it stays with it."""

from typing import Any

import pytest

from tests.build import Home, Rollout
from tests.build.payload import git_of
from tests.integration.cli.cli_harness import CliHarness

Steps = list[tuple[str, str]]
PLAN = [("Add the import command", "in_progress"), ("Document the import", "pending")]


class Work:
    """Sessions of one project, an hour apart."""

    def __init__(self, cli: CliHarness) -> None:
        self.cli = cli
        self.home = Home(cli.home)

    def session(self, *revisions: Steps, branch: str = "main") -> Rollout:
        session = self.home.session(
            "g4", "0.150.0", git={**git_of("/home/dev/sample"), "branch": branch}
        )
        self.go_on(session, *revisions)
        return session

    def go_on(self, session: Rollout, *revisions: Steps) -> None:
        session.prompt("Go on")
        for steps in revisions:
            session.plan(steps)
        session.end_turn("For now.")
        session.write()
        self.home.clock.tick(3_600_000)
        assert self.cli.run("ingest", "-q").code == 0

    def tasks(self) -> dict[str, dict[str, Any]]:
        found = self.cli.json("tasks", "list", "--project", "sample")["tasks"]
        by_text = {one["text"]: one for one in found}
        assert len(by_text) == len(found), "each step is listed once"
        return by_text


@pytest.fixture
def work(cli: CliHarness) -> Work:
    return Work(cli)


def test_edits_follow_a_step_into_later_sessions_and_release_what_waits(work: Work) -> None:
    cli = work.cli
    work.session(PLAN)
    first = {text: one["id"] for text, one in work.tasks().items()}
    task, waiting = first.values()
    cli.run("tasks", "owner", task, "ada")
    cli.run("tasks", "note", task, "Amounts are integers")
    cli.run("tasks", "block", task, "--reason", "no sample yet")
    (added,) = cli.json("tasks", "add", "Announce it", "--project", "sample")["tasks"]
    cli.run("tasks", "link", added["id"], task)
    assert work.tasks()["Announce it"]["state"] == "blocked"
    # Reworded, on another branch, and finished there.
    reworded = "Add the import command now"
    work.session(
        [(reworded, "in_progress"), PLAN[1]], [(reworded, "completed"), PLAN[1]], branch="feature"
    )
    tasks = work.tasks()
    assert {one["id"] for one in tasks.values()} == {task, waiting, added["id"]}
    done = tasks[reworded]
    assert (done["state"], done["owner"]) == ("done", "ada")
    assert done["notes"] == ["Amounts are integers", "no sample yet"]
    assert [one["branch"] for one in done["appearances"]] == ["main", "feature"]
    assert tasks["Announce it"]["state"] == "ready"
    # The id that only the second session gave it is a name of the same task.
    other = done["appearances"][1]["id"]
    assert other != task
    assert cli.json("tasks", "show", other)["tasks"][0]["id"] == task
    cli.run("tasks", "note", other, "Second note")
    assert "Second note" in work.tasks()[reworded]["notes"]
    history = cli.run("tasks", "history", task)
    assert "on feature: nearly the same text" in history.out
    assert len(cli.json("tasks", "history", task)["revisions"]) == 3


def test_closed_steps_fold_and_a_step_begun_anew_is_a_new_task(work: Work) -> None:
    done = [(PLAN[0][0], "completed"), ("Document the import", "completed")]
    work.session(PLAN, done)
    work.session([*done, ("Export to CSV", "in_progress")])
    tasks = work.tasks()
    assert len(tasks[PLAN[0][0]]["appearances"]) == 2
    work.session([("Document the import", "in_progress")])
    states = [
        one["state"]
        for one in work.cli.json("tasks", "list", "--project", "sample")["tasks"]
        if one["text"] == "Document the import"
    ]
    assert sorted(states) == ["done", "in_progress"]


def test_a_session_that_goes_on_later_finishes_the_step_of_another(work: Work) -> None:
    older = work.session(PLAN)
    work.session([("Export to CSV", "pending")])
    older.resume()
    work.go_on(older, [*PLAN, ("Export to CSV", "completed")])
    tasks = work.tasks()
    assert tasks["Export to CSV"]["state"] == "done"
    assert len(tasks["Export to CSV"]["appearances"]) == 2


def test_a_proposed_list_and_a_task_of_a_person_become_the_steps_of_a_plan(work: Work) -> None:
    session = work.home.session("g4", "0.150.0")
    session.prompt("What is to do?")
    session.end_turn("Two things:\n- [ ] Add the import command\n- [ ] Export to CSV")
    session.write()
    work.home.clock.tick(3_600_000)
    work.cli.run("ingest", "-q")
    proposed = work.tasks()
    work.cli.run("tasks", "note", proposed["Add the import command"]["id"], "First")
    (added,) = work.cli.json("tasks", "add", "Announce it", "--project", "sample")["tasks"]
    work.session([("Add the import command", "completed"), ("Announce it", "completed")])
    tasks = work.tasks()
    assert (tasks["Announce it"]["id"], tasks["Announce it"]["state"]) == (added["id"], "done")
    assert tasks["Add the import command"]["state"] == "done"
    assert tasks["Add the import command"]["id"] == proposed["Add the import command"]["id"]
    assert tasks["Add the import command"]["notes"] == ["First"]
