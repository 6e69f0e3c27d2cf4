"""The tasks of the scripted sessions of real Codex releases; expected values were found by hand."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from ingest.projects.tasks.model import EdgeKind, Evidence, EvidenceKind
from tests.build.scenarios import PASS, PLAN_PROMPT, READ, STEPS
from tests.integration.tasks.reading import Plans, linked

Corpus = Callable[[str], Plans]

RELEASES = ("0.63.0", "0.101.0", "0.150.0", "0.169.0")
CODE_MODE = "0.169.0-codemode"
COMPACT = "Fill the context and compact"
PARTIAL = "Start the parser refactoring"
LONG, KILLED = "Run something long", "Run something long and die"
DONE = [("plan", "done", step) for step in STEPS]
EVERY = {
    "0.20.0": (2, False),
    "0.36.0-tour": (2, False),
    "0.58.0-tour": (2, False),
    "0.63.0": (12, False),
    "0.63.0-interactive": (4, False),
    "0.98.0-fork-rename": (0, False),
    "0.98.0-tour": (3, False),
    "0.101.0": (18, False),
    "0.115.0-agents-fork": (1, False),
    "0.125.0-tour": (3, False),
    "0.145.0-fork-rename": (0, False),
    "0.150.0": (13, False),
    "0.155.0-tour": (1, True),
    "0.169.0": (13, False),
    "0.169.0-agents-fork": (1, True),
    "0.169.0-codemode": (15, False),
    "0.169.0-compressed": (0, True),
    "0.169.0-interactive": (4, False),
    "0.169.0-killed": (0, True),
    "0.169.0-revert": (1, True),
}
"""Per folder: the number of tasks, and whether plans are missing because the tool is off."""


@pytest.mark.parametrize("folder", EVERY)
def test_every_home_has_its_tasks_and_reports_whether_the_plan_tool_is_off(
    corpus: Corpus, folder: str
) -> None:
    plan = corpus(folder).roadmap()
    assert (len(plan.tasks), plan.plan_tool_off) == EVERY[folder]
    assert plan.refused == []
    ids = {task.id for task in plan.tasks}
    assert len(ids) == len(plan.tasks)
    assert all({edge.source, edge.target} <= ids for edge in plan.edges)


@pytest.mark.parametrize("title", [PLAN_PROMPT, COMPACT])
@pytest.mark.parametrize("folder", [*RELEASES, CODE_MODE])
def test_a_plan_that_was_carried_out_is_four_tasks_in_their_order(
    corpus: Corpus, folder: str, title: str
) -> None:
    load = corpus(folder)
    assert load.of(title) == DONE
    session = load.session(title).id
    plan = load.roadmap()
    mine = {task.id for task in plan.tasks if task.session == session}
    plan.tasks = [task for task in plan.tasks if task.id in mine]
    plan.edges = [edge for edge in plan.edges if edge.source in mine and edge.target in mine]
    assert linked(plan, EdgeKind.ORDER) == list(pairwise(STEPS))


@pytest.mark.parametrize("folder", [*RELEASES, CODE_MODE])
def test_commands_and_edits_during_a_step_are_its_evidence(corpus: Corpus, folder: str) -> None:
    load = corpus(folder)
    session = load.session(PLAN_PROMPT).id
    read, fix, run, write = (t for t in load.roadmap().tasks if t.session == session)
    assert read.evidence == [Evidence(EvidenceKind.COMMAND, READ, "observed")]
    assert [(one.kind, one.ref.rpartition("/")[2]) for one in fix.evidence] == [
        ("file", "parser.md")
    ]
    assert Evidence(EvidenceKind.COMMAND, PASS, "observed") in run.evidence
    assert [one.kind for one in run.evidence] == ["command", "file", "command"]
    assert [(one.kind, one.ref.rpartition("/")[2]) for one in write.evidence] == [
        ("file", "changelog.md")
    ]
    assert all(task.seconds and task.seconds > 0 for task in (read, fix, run, write))


@pytest.mark.parametrize("folder", [*RELEASES, CODE_MODE])
def test_the_plan_has_five_revisions_that_only_move_on(corpus: Corpus, folder: str) -> None:
    found = corpus(folder).revisions(PLAN_PROMPT)
    assert [revision.explanation for revision in found] == [
        "Start with the test", "The test is clear", "Now verify", "Green", "All done",
    ]  # fmt: skip
    changed = [
        [(entry.text, entry.status, *entry.changes) for entry in revision.steps if entry.changes]
        for revision in found[1:]
    ]
    assert changed == [
        [(STEPS[n], "completed", "status"), (STEPS[n + 1], "in_progress", "status")]
        for n in range(3)
    ] + [[(STEPS[3], "completed", "status")]]
    assert not any(revision.removed for revision in found)


@pytest.mark.parametrize("folder", ["0.63.0", "0.101.0", "0.150.0", "0.169.0"])
def test_an_unfinished_plan_is_open_and_continues_in_the_next_session(
    corpus: Corpus, folder: str
) -> None:
    load = corpus(folder)
    assert set(load.of(PARTIAL)) == {
        ("plan", "done", STEPS[0]),
        ("plan", "in_progress", STEPS[1]),
        ("plan", "pending", STEPS[2]),
        ("plan", "pending", STEPS[3]),
    }
    plan = load.roadmap()
    assert [task.text for task in plan.tasks if task.current and task.origin == "plan"].count(
        STEPS[3]
    ) == (3 if folder == "0.101.0" else 2)


@pytest.mark.parametrize("folder", ["0.101.0", "0.150.0", "0.169.0"])
def test_the_end_of_a_session_determines_the_state_of_its_step_and_request(
    corpus: Corpus, folder: str
) -> None:
    load = corpus(folder)
    rest = [("plan", "pending", step) for step in STEPS[1:]]
    own = {("plan", "stalled", STEPS[0]), *rest}
    assert set(load.of(LONG)) == {*own, ("request", "ready", LONG)}
    assert set(load.of(KILLED)) == {*own, ("request", "stalled", KILLED)}
    assert load.of("Meet a server error") == [("request", "failed", "Meet a server error")]


@pytest.mark.parametrize("folder", ["0.150.0", "0.169.0"])
def test_a_goal_that_was_reached_is_done(corpus: Corpus, folder: str) -> None:
    assert corpus(folder).of("Work toward a goal") == [("goal", "done", "Ship the parser fix")]


@pytest.mark.parametrize(
    ("folder", "states"), [("0.101.0", ["done", "done"]), (CODE_MODE, ["stalled", "done"])]
)
def test_assignments_of_agents_are_parts_of_the_step_in_progress(
    corpus: Corpus, folder: str, states: list[str]
) -> None:
    load = corpus(folder)
    surveys = ["Survey the tests and report", "Survey the docs and report"]
    found = load.of("Survey tests and docs with two helpers")
    assert found == [*DONE, *(("agent", s, t) for s, t in zip(states, surveys, strict=True))]
    assert linked(load.roadmap(), EdgeKind.PART) == [(STEPS[0], text) for text in surveys]


@pytest.mark.parametrize("folder", ["0.115.0-agents-fork", "0.169.0-agents-fork"])
def test_an_agent_without_a_parent_plan_is_a_separate_task(corpus: Corpus, folder: str) -> None:
    plan = corpus(folder).roadmap()
    assert [(task.origin, task.state, task.text) for task in plan.tasks] == [
        ("agent", "done", "CHILDTASK do a thing")
    ]
    assert plan.edges == []
    assert plan.tasks[0].owner in ("Carver", "Gibbs")
