"""Any history of sessions, branches and merges in a real repository, compared with a model of sets.

In the model a branch is the set of the tasks that were finished on it, and every kind of merge adds
those of the branch to `main`. A task is done if the set of the branch that is checked out contains
it, and open otherwise.
"""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from ingest.codex.facts import PlanStep
from ingest.projects.git import reachability
from ingest.projects.git.reachability import LineOfWork, Reached
from ingest.projects.git.read_repository import Git
from ingest.projects.tasks.listed import ListedTask
from ingest.projects.tasks.load import LoadedTasks
from ingest.projects.tasks.model import TaskState
from ingest.projects.tasks.plan import LoggedPlan, Point
from ingest.projects.tasks.roadmap import build_roadmap
from ingest.projects.tasks.session_tasks import SessionFacts, session_tasks
from ingest.sessions.scope import Now, Scope
from tests.build.repository import Repo, environment
from tests.build.session import MORNING, session
from tests.soak import SOAK

NOW: Final = Now(MORNING + timedelta(days=2), timedelta(minutes=5), timedelta(hours=24))
BRANCHES: Final = ("main", "work", "side")
TASKS: Final = ("Parse dates", "Show totals per month", "Export CSV files", "Explain rounding")


class Work(Struct, frozen=True):
    """A session on a branch, which is created again if it was deleted."""

    branch: int
    task: int
    finishes: bool


class Deliver(Struct, frozen=True):
    """Brings a branch to `main`."""

    branch: int
    how: str
    delete: bool


class Delete(Struct, frozen=True):
    branch: int


OTHER: Final = st.integers(1, len(BRANCHES) - 1)
WORK: Final = st.builds(
    Work,
    st.integers(0, len(BRANCHES) - 1),
    st.integers(0, len(TASKS) - 1),
    st.sampled_from([True, True, False]),
)
HOW: Final = st.sampled_from(["merge", "squash", "rebase", "pick"])
HISTORY: Final = st.lists(
    st.one_of(WORK, WORK, st.builds(Deliver, OTHER, HOW, st.booleans()), st.builds(Delete, OTHER)),
    max_size=9,
)


class Project:
    def __init__(self, folder: Path) -> None:
        self.repo = Repo(folder / "sample")
        self.repo.commit("Start", MORNING - timedelta(days=1))
        self.git = Git(environment(folder), 60)
        self.number = 0
        self.loaded: list[LoadedTasks] = []
        self.named_commits: dict[str, list[str]] = {}
        """The commits that the output of each session names."""
        # The model.
        self.done_on: dict[str, set[str]] = {"main": set()}
        self.deleted: set[str] = set()
        self.listed: set[str] = set()
        self.finished: set[str] = set()

    @property
    def now(self) -> datetime:
        return MORNING + timedelta(minutes=20 * self.number)

    def play(self, event: Work | Deliver | Delete) -> None:
        self.number += 1
        branch = BRANCHES[event.branch]
        if isinstance(event, Work):
            self._work(branch, TASKS[event.task], finishes=event.finishes)
        elif branch in self.done_on:
            self.repo.switch("main")
            if isinstance(event, Deliver):
                self._deliver(branch, event.how)
            if isinstance(event, Delete) or event.delete:
                self.repo.git("branch", "--quiet", "-D", branch)
                del self.done_on[branch]
                self.deleted.add(branch)

    def _work(self, branch: str, task: str, *, finishes: bool) -> None:
        if task in self.finished:
            return  # It would be a new task with the same text.
        if branch in self.done_on:
            self.repo.switch(branch)
        else:
            self.repo.switch("main")
            self.repo.branch(branch)
            self.done_on[branch] = set(self.done_on["main"])
        one = session(
            f"s{self.number}", minutes=20 * self.number, branch=branch, commit=self.repo.head
        )
        states = ("pending", "in_progress", *(("completed",) if finishes else ()))
        plans = [
            LoggedPlan(
                Point(0, n), "s", 0, self.now + timedelta(minutes=n), None, [PlanStep(task, state)]
            )
            for n, state in enumerate(states)
        ]
        self.loaded.insert(0, LoadedTasks(one, session_tasks(one.id, SessionFacts(plans))))
        self.listed.add(task)
        if finishes:
            self.named_commits[one.id] = [
                self.repo.commit(task, self.now + timedelta(minutes=1))[:7]
            ]
            self.finished.add(task)
            self.done_on[branch].add(task)

    def _deliver(self, branch: str, how: str) -> None:
        repo, at = self.repo, self.now + timedelta(minutes=10)
        missing = self.done_on[branch] - self.done_on["main"]
        if not missing:
            return
        if how == "merge":
            repo.git("merge", "--quiet", "--no-ff", "--message", "Merge", branch, at=at)
        elif how == "squash":
            repo.git("merge", "--quiet", "--squash", branch)
            repo.git("commit", "--quiet", "--message", "Squash", at=at)
        elif how == "rebase":
            repo.git("rebase", "--quiet", "main", branch, at=at)
            repo.switch("main")
            repo.git("merge", "--quiet", "--ff-only", branch)
            self.done_on[branch] |= self.done_on["main"]
        else:
            # As `git cherry`: commits whose patch is already there are left out.
            cherries = repo.git("cherry", "main", branch).splitlines()
            new = [line[2:] for line in cherries if line.startswith("+ ")]
            repo.git("cherry-pick", "--keep-redundant-commits", *new, at=at)
        self.done_on["main"] |= missing

    def check(self, branch: str) -> None:
        """Compare the tasks with this branch checked out."""
        self.repo.switch(branch)
        line = LineOfWork(self.git.read(str(self.repo.path)), self.git)

        def reached(seen: ListedTask) -> Reached:
            assert seen.session is not None
            return line.reached(
                seen.session,
                seen.task.started_at,
                seen.closed_at or seen.task.ended_at,
                lambda one: self.named_commits.get(one.id, []),
            )

        tasks = build_roadmap(self.loaded, [], Scope(), NOW, reached=reached).tasks
        assert {task.text for task in tasks} == self.listed
        assert len(tasks) == len(self.listed)
        done = {task.text for task in tasks if task.state is TaskState.DONE}
        assert self.done_on[branch] <= done
        # A task that only one other branch lists has the state of that branch.
        branches = {task.text: {one.branch for one in task.appearances} for task in tasks}
        elsewhere = {text for text, of in branches.items() if len(of) == 1 and branch not in of}
        assert done - elsewhere == self.done_on[branch] - elsewhere


@settings(max_examples=2_000 if SOAK else 15, deadline=None)
@given(HISTORY)
def test_a_task_is_done_where_its_commits_are(history: list[Work | Deliver | Delete]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reachability, "SECONDS", 60.0)
        project = Project(Path(folder))
        for event in history:
            project.play(event)
        # Sessions of a deleted branch count for a new branch of the same name.
        for branch in project.done_on.keys() - project.deleted:
            project.check(branch)
