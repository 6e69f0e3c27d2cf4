"""Any history of sessions, branches, merges and edits, compared with a model of abstract tasks.

In the model a task is a number. Sessions list tasks in their plans, reword and finish them, on
main or on branches that are merged later; users edit them under any id they ever had. The tasks
equal those of the model, in whatever order the sessions are loaded.
"""

import random
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from ingest.codex.facts import PlanStep
from ingest.projects.git.reachability import Reached
from ingest.projects.tasks.edits import Join, Link, Note, Owner, RecordedEdit, TaskEdit
from ingest.projects.tasks.filters import next_task
from ingest.projects.tasks.listed import ListedTask
from ingest.projects.tasks.load import LoadedTasks
from ingest.projects.tasks.model import CLOSED, EdgeKind, Task, TaskState
from ingest.projects.tasks.plan import LoggedPlan, Point
from ingest.projects.tasks.roadmap import build_roadmap
from ingest.projects.tasks.session_tasks import SessionFacts, session_tasks
from ingest.sessions.scope import Now, Scope
from tests.build.session import MORNING, session
from tests.soak import SOAK

NOW: Final = Now(MORNING + timedelta(days=2), timedelta(minutes=5), timedelta(hours=24))
BRANCHES: Final = ("main", "feature/a", "feature/b")
TEXTS: Final = (
    "Parse dates of bank statements",
    "Show totals per month",
    "Export the ledger as CSV",
    "Explain rounding in the manual",
)


class Work(Struct, frozen=True):
    """A session on a branch, with the state of each task at its end, and whether it rewords it."""

    branch: int
    steps: dict[int, tuple[str, bool]]


class Merge(Struct, frozen=True):
    branch: int


class Edit(Struct, frozen=True):
    task: int
    name: int
    owner: str


TASKS: Final = st.integers(0, len(TEXTS) - 1)
ENDS: Final = st.sampled_from(["pending", "in_progress", "completed"])
WORK: Final = st.builds(
    Work,
    st.sampled_from([0, 0, 1, 2]),
    st.dictionaries(TASKS, st.tuples(ENDS, st.booleans()), min_size=1),
)
EDIT: Final = st.builds(Edit, TASKS, st.integers(0, 5), st.sampled_from(["ada", "grace"]))
HISTORY: Final = st.lists(
    st.one_of(WORK, WORK, st.builds(Merge, st.integers(1, 2)), EDIT), max_size=12
)


class Listed(Struct, frozen=True):
    event: int
    branch: int
    done: bool


class History:
    """Applies events to the facts and to the model."""

    def __init__(self) -> None:
        self.number = 0
        self.loaded: list[LoadedTasks] = []
        self.edits: list[RecordedEdit] = []
        # The model.
        self.listed: dict[int, list[Listed]] = {}
        self.texts: dict[int, str] = {}
        self.edited: dict[int, tuple[str, list[str]]] = {}
        self.merges: list[tuple[int, int]] = []

    def play(self, event: Work | Merge | Edit) -> None:
        self.number += 1
        match event:
            case Work():
                self._work(event)
            case Merge(branch):
                self.merges.append((self.number, branch))
            case Edit():
                self._edit(event)

    def _work(self, work: Work) -> None:
        began = session(f"s{self.number}", minutes=20 * self.number, branch=BRANCHES[work.branch])
        first, last = [], []
        for task, (end, reword) in work.steps.items():
            text = self.texts.get(task, TEXTS[task])
            closed = self._is_closed(task, work.branch)
            first.append(PlanStep(text, "completed" if closed else "pending"))
            if reword:
                text = text.removesuffix(" now") if text.endswith(" now") else f"{text} now"
            last.append(PlanStep(text, "completed" if closed else end))
            self.texts[task] = text
            done = closed or end == "completed"
            self.listed.setdefault(task, []).append(Listed(self.number, work.branch, done))
        plans = [
            LoggedPlan(Point(0, n), "s", 0, _at(began.started_at, n), None, steps)
            for n, steps in enumerate((first, last))
        ]
        self.loaded.append(LoadedTasks(began, session_tasks(began.id, SessionFacts(plans))))

    def _is_closed(self, task: int, branch: int) -> bool:
        """Whether the sessions of this branch consider the task done."""
        listed = self.listed.get(task, [])
        newest = {one.branch: one.done for one in listed}
        return newest.get(branch, bool(newest) and all(newest.values()))

    def _edit(self, edit: Edit) -> None:
        tasks = self.tasks()
        if edit.task not in tasks:
            return
        names = [one.id for one in tasks[edit.task].appearances]
        name, note = names[edit.name % len(names)], f"note {self.number}"
        at = _at(MORNING, 20 * self.number)
        new_edits: tuple[TaskEdit, ...] = (Owner(edit.owner), Note(note))
        for number, new_edit in enumerate(new_edits):
            id_ = f"{self.number}.{number}"
            self.edits.append(RecordedEdit(id_, at, "ada", name, new_edit, None))
        _, notes = self.edited.get(edit.task, ("", []))
        self.edited[edit.task] = edit.owner, [*notes, note]

    def merged_at(self, listed: Listed) -> int | None:
        """The time at which main got the result; None if it has not."""
        if listed.branch == 0:
            return listed.event
        merges = (n for n, branch in self.merges if branch == listed.branch and n > listed.event)
        return next(merges, None)

    def is_done(self, task: int) -> bool:
        """Whether the task is done on main: the latest revision counts."""
        states, closed = list[tuple[int, bool]](), dict[int, int]()
        for one in reversed(self.listed[task]):
            merged = self.merged_at(one)
            if one.done and merged is None:
                closed.setdefault(one.branch, one.event)
            elif one.done and merged is not None:
                states.append((merged, True))
            elif one.event > closed.get(one.branch, 0):
                states.append((one.event, False))
        # A task that was never on main has the state of its own branch.
        return max(states)[1] if states else True

    def tasks(self, seed: int = 0) -> dict[int, Task]:
        """The tasks of the program, by the number of the model."""
        loaded = self.loaded[::-1]
        random.Random(seed).shuffle(loaded)
        plan = build_roadmap(loaded, self.edits, Scope(), NOW, reached=self._reached)
        assert not plan.refused
        found: dict[int, Task] = {}
        for task in plan.tasks:
            number = TEXTS.index(task.text.removesuffix(" now"))
            assert number not in found, "a task is listed once"
            found[number] = task
        return found

    def _reached(self, seen: ListedTask) -> Reached:
        assert seen.session is not None
        assert seen.session.branch is not None
        event, branch = int(seen.session.id[1:]), BRANCHES.index(seen.session.branch)
        merged = self.merged_at(Listed(event, branch, done=True))
        if branch == 0 or merged is None:
            return Reached(merged is not None)
        return Reached(True, f"{merged:040x}", _at(MORNING, 20 * merged))


def _at(moment: datetime | None, minutes: int) -> datetime:
    assert moment is not None
    return moment + timedelta(minutes=minutes)


def _facts(tasks: dict[int, Task]) -> dict[int, Any]:
    return {
        number: (one.id, one.state, one.owner, one.notes, one.where, one.appearances)
        for number, one in tasks.items()
    }


@settings(max_examples=2_000 if SOAK else 150)
@given(HISTORY, st.integers(1, 9))
def test_any_history_gives_the_tasks_of_the_model(
    history: list[Work | Merge | Edit], seed: int
) -> None:
    played = History()
    ids: dict[int, set[str]] = {}
    for event in history:
        played.play(event)
        tasks = played.tasks()
        assert tasks.keys() == played.listed.keys()
        for number, task in tasks.items():
            listed = [f"s{one.event}" for one in played.listed[number]]
            assert task.sessions == listed
            assert task.text == played.texts[number]
            assert (task.state is TaskState.DONE) == played.is_done(number)
            owner, notes = played.edited.get(number, (None, []))
            assert (task.owner, task.notes) == (owner, notes)
            # Every id that a task once had remains valid.
            ids.setdefault(number, set()).add(task.id)
            assert ids[number] <= {one.id for one in task.appearances}
        if any(task.state not in CLOSED for task in tasks.values()):
            assert next_task(list(tasks.values())) is not None
        assert _facts(played.tasks(seed)) == _facts(tasks)


def test_a_dependency_cycle_is_refused_also_if_joined_tasks_would_close_it() -> None:
    """Edits of several machines are combined without having been checked against each other."""
    plan = [PlanStep(text, "pending") for text in TEXTS[:3]]
    plans = [LoggedPlan(Point(0, 0), "s", 0, MORNING, None, plan)]
    loaded = [LoadedTasks(session("s1"), session_tasks("s1", SessionFacts(plans)))]
    first, middle, last = (one.id for one in build_roadmap(loaded, [], Scope(), NOW).tasks)
    new_edits: list[tuple[str, TaskEdit]] = [
        (middle, Link(first)),
        (last, Link(middle)),
        (first, Join(last)),
        (last, Link(first)),
    ]
    edits = [
        RecordedEdit(str(n), _at(MORNING, n), "ada", task, edit, None)
        for n, (task, edit) in enumerate(new_edits)
    ]
    roadmap = build_roadmap(loaded, edits, Scope(), NOW)
    assert len(roadmap.tasks) == 2
    assert ["cycle" in sentence for sentence in roadmap.refused] == [True, True]
    assert [(one.source, one.target) for one in roadmap.edges if one.kind is EdgeKind.DEPENDS] == [
        (first, middle)
    ]
