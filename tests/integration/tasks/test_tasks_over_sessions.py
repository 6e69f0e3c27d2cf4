"""A step that several sessions list is one task, and all edits of it stay attached."""

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


def test_edits_apply_to_a_step_in_later_sessions_and_unblock_dependent_tasks(work: Work) -> None:
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


def test_closed_steps_are_combined_and_a_restarted_step_is_a_new_task(work: Work) -> None:
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


def test_a_resumed_session_completes_the_step_of_another(work: Work) -> None:
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


def test_tasks_are_joined_and_separated_and_both_can_be_undone(work: Work) -> None:
    cli = work.cli
    work.session(PLAN)
    work.session([("Read CSV files", "completed")])
    task, other = (work.tasks()[text]["id"] for text in (PLAN[0][0], "Read CSV files"))
    cli.run("tasks", "note", other, "Amounts are integers")
    (joined,) = cli.json("tasks", "join", other, task)["tasks"]
    assert (joined["id"], joined["state"]) == (task, "done")
    assert joined["notes"] == ["Amounts are integers"]
    assert len(work.tasks()) == 2
    assert "joined by " in cli.run("tasks", "history", task).out
    assert cli.run("tasks", "undo").code == 0
    assert work.tasks()[PLAN[0][0]]["state"] == "in_progress"
    cli.run("tasks", "join", task, other)
    (parted,) = cli.json("tasks", "part", other)["tasks"]
    assert (parted["id"], parted["text"], parted["notes"]) == (
        other, "Read CSV files", ["Amounts are integers"],
    )  # fmt: skip
    assert work.tasks()[PLAN[0][0]]["state"] == "in_progress"
    cli.run("tasks", "undo")
    assert len(work.tasks()) == 2


def test_a_wrongly_matched_step_is_separated(work: Work) -> None:
    cli = work.cli
    work.session(PLAN)
    work.session([(PLAN[0][0], "completed"), PLAN[1]])
    task = work.tasks()[PLAN[0][0]]
    first, second = (one["id"] for one in task["appearances"])
    assert cli.json("tasks", "part", second)["tasks"][0]["id"] == second
    found = cli.json("tasks", "list", "--project", "sample")["tasks"]
    assert {one["id"]: one["state"] for one in found if one["text"] == PLAN[0][0]} == {
        first: "in_progress",
        second: "done",
    }
    answer = cli.run("tasks", "part", first)
    assert answer.code == 1
    assert "It has only one id." in answer.err
    cli.run("tasks", "reset", second)
    assert len(work.tasks()[PLAN[0][0]]["appearances"]) == 2


def test_tasks_that_wait_for_each_other_are_not_joined(work: Work) -> None:
    cli = work.cli
    work.session([*PLAN, ("Export to CSV", "pending")])
    first, middle, last = (one["id"] for one in work.tasks().values())
    cli.run("tasks", "link", middle, first)
    cli.run("tasks", "link", last, middle)
    for one, other in ((first, last), (last, first), (middle, first)):
        answer = cli.run("tasks", "join", one, other, "--json")
        assert answer.code == 1
        assert "waits for" in answer.out
    assert len(work.tasks()) == 3
    assert cli.run("tasks", "join", first, first).code == 1


def test_users_can_add_goals_and_milestones(work: Work) -> None:
    cli = work.cli
    work.session(PLAN)
    first = work.tasks()[PLAN[0][0]]["id"]
    add = "--project", "sample"
    (goal,) = cli.json("tasks", "goal", "add", "Import bank statements", *add)["tasks"]
    (milestone,) = cli.json("tasks", "milestone", "add", "Release 0.2", *add)["tasks"]
    assert (goal["origin"], milestone["origin"]) == ("goal", "milestone")
    cli.run("tasks", "link", milestone["id"], first)
    assert work.tasks()["Release 0.2"]["state"] == "blocked"
    assert cli.json("tasks", "next", *add)["tasks"][0]["id"] == first
    assert cli.run("tasks", "goal", "done", milestone["id"]).code == 1
    session = work.home.session("g4", "0.150.0", git=git_of("/home/dev/sample"))
    session.prompt("Go on")
    session.goal("Import bank statements")
    session.plan([(PLAN[0][0], "completed"), PLAN[1]])
    session.end_turn("Imported.")
    session.write()
    work.home.clock.tick(3_600_000)
    cli.run("ingest", "-q")
    tasks = work.tasks()
    assert tasks["Import bank statements"]["id"] == goal["id"]
    assert len(tasks["Import bank statements"]["appearances"]) == 2
    assert tasks["Release 0.2"]["state"] == "ready"
    cli.run("tasks", "milestone", "set", milestone["id"], "cancelled")
    assert work.tasks()["Release 0.2"]["state"] == "cancelled"
    cli.run("tasks", "undo")
    cli.run("tasks", "milestone", "done", milestone["id"], "--reason", "out")
    assert work.tasks()["Release 0.2"]["state"] == "done"
