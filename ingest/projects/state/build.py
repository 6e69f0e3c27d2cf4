"""Builds the state of a project from the database; the same facts give the same state."""

from collections import Counter
from datetime import datetime, tzinfo
from typing import Final, cast

import msgspec
from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.projects import safe_export
from ingest.projects.identity import UNKNOWN
from ingest.projects.journal.build import entries_of, journal_rules, oldest_first
from ingest.projects.journal.decisions import edit_text
from ingest.projects.journal.entry import Rules
from ingest.projects.journal.model import JournalEntry
from ingest.projects.journal.section import earlier
from ingest.projects.names import ProjectNames
from ingest.projects.state.document import (
    Checkpoint,
    Decided,
    Milestone,
    ProjectState,
    Proof,
    ProofKind,
    SessionDocument,
    SessionLink,
    SessionSummary,
    State,
    StatedMessage,
    StateEdge,
    StateItem,
    StateProblem,
)
from ingest.projects.state.merge import StateDifference, changes, item_digest
from ingest.projects.tasks.apply_edits import rename_tasks
from ingest.projects.tasks.edits import RecordedEdit
from ingest.projects.tasks.model import Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.roadmap import recorded_edits, roadmap
from ingest.sessions.scope import FOREVER, Now, Scope

_LATEST: Final = 3
_OPEN: Final = frozenset({"pending", "in_progress", "blocked"})
_STATES: Final = {
    TaskState.READY: "pending",
    TaskState.WAITING: "in_progress",
    TaskState.STALLED: "in_progress",
}


class BuiltState(Struct, frozen=True):
    project: ProjectState
    sessions: dict[str, SessionDocument]
    """By file name."""
    label: str
    remotes: dict[str, str]
    """The labels of all projects by their remotes."""
    names: dict[str, str]
    """Former ids of tasks, each with the present one."""

    def changes(self, file: ProjectState) -> list[StateDifference]:
        """How a file differs from the database."""
        return changes(file, self.project, self.label, self.remotes, self.names)


def build_state(
    rows: NamedQueries, project: str, zone: tzinfo | None, turns: int
) -> BuiltState | None:
    """The state of a project, by its name or folder; None if it has no session."""
    rules = journal_rules(zone, turns)
    sessions = oldest_first(rows, Scope(project=project))
    entries = list(entries_of(rows, sessions, rules))
    if not entries:
        return None
    names = ProjectNames(rows)
    label = sessions[-1].project
    # The time of the newest fact, so that states do not depend on the current time.
    newest = max((one.ended_at for one in entries if one.ended_at), default=datetime(2000, 1, 1))  # noqa: DTZ001
    plan = roadmap(rows, Scope(project=project), Now(newest, FOREVER, FOREVER))
    state, documents = _StateBuilder(rules, plan, entries).made(
        names.name(label), sessions[-1].repository, recorded_edits(rows)
    )
    return BuiltState(state, documents, label, names.remotes(), plan.names)


class _StateBuilder:
    def __init__(self, rules: Rules, plan: Roadmap, entries: list[JournalEntry]) -> None:
        self.mask = rules.mask
        self.entries = entries
        self.tasks = sorted(
            (one for one in plan.tasks if one.current),
            key=lambda one: (_stamp(one.started_at), one.session or "", one.id),
        )
        self.plan = plan
        self.edges = plan.edges
        self.items = {one.id: self._item(one) for one in self.tasks}

    def made(
        self, name: str, repository: str | None, every: list[RecordedEdit]
    ) -> tuple[ProjectState, dict[str, SessionDocument]]:
        files = _files(self.entries)
        goals = {one.id for one in self.tasks if one.origin is Origin.GOAL}
        project = ProjectState(
            project=self.mask(name) or UNKNOWN,
            repository=self.mask(repository) if repository else None,
            goals=[self.items[one.id] for one in self.tasks if one.id in goals],
            milestones=self._milestones(),
            tasks=[self.items[one.id] for one in self.tasks if one.id not in goals],
            edges=sorted(
                (
                    StateEdge(one.source, one.target, str(one.kind))
                    for one in self.edges
                    if one.source in self.items and one.target in self.items
                ),
                key=lambda one: (one.source, one.target, one.kind),
            ),
            decisions=self._decisions(every),
            checkpoints=self._checkpoints(),
            sessions=[
                SessionLink(one.session, one.title, file) for file, one in sorted(files.items())
            ],
        )
        return project, {file: self._session(one) for file, one in files.items()}

    def _item(self, task: Task) -> StateItem:
        item = StateItem(
            id=task.id,
            text=self.mask(task.text)[:4096],
            state=_state(task.state, said=not task.blocked_by),
            log_state=None
            if task.derived_state is None
            else _state(task.derived_state, said=False),
            origin=str(task.origin),
            session=task.session,
            branch=task.branch,
            owner=task.owner,
            depends_on=sorted(task.depends_on),
            notes=[self.mask(one) for one in task.notes],
            evidence=[
                Proof(_kind(one.kind), self.mask(one.ref)[:4096] or "?", one.by)
                for one in task.evidence
            ],
        )
        return msgspec.structs.replace(item, mark=item_digest(item))

    def _milestones(self) -> list[Milestone]:
        return [
            Milestone(item.id or "", item.text, proof.ref)
            for item in self.items.values()
            if item.state == "done"
            for proof in item.evidence
            if proof.kind == "commit"
        ]

    def _decisions(self, every: list[RecordedEdit]) -> list[Decided]:
        every = rename_tasks(every, self.plan.names)
        texts = {id_: item.text for id_, item in self.items.items()}
        found = [
            Decided(one.at, one.actor, self.items[one.task].text, edit_text(one, texts, every))
            for one in every
            if one.task in self.items
        ]
        for entry in self.entries:
            found += [
                Decided(one.at, "answer", one.question, one.answer) for one in entry.decisions
            ]
        return sorted(found, key=lambda one: (_stamp(one.at), one.by, one.about, one.said))

    def _checkpoints(self) -> list[Checkpoint]:
        found = []
        for entry in self.entries:
            if entry.commit:
                found.append(
                    Checkpoint(entry.started_at, entry.branch, entry.commit, entry.session)
                )
            found += [
                Checkpoint(one.at, entry.branch, one.sha, entry.session) for one in entry.commits
            ]
        return sorted(found, key=lambda one: (_stamp(one.at), one.session, one.commit))

    def _session(self, entry: JournalEntry) -> SessionDocument:
        mine = [one for one in self.tasks if entry.session in one.sessions]
        open_ = [one for one in mine if self.items[one.id].state in _OPEN]
        later = (Origin.REQUEST, Origin.PROPOSED)
        return SessionDocument(
            id=entry.session,
            parent=entry.parent,
            title=entry.title,
            branch=entry.branch,
            commit=entry.commit,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            summary=SessionSummary(
                objective=entry.objective,
                outcome=entry.outcome,
                turns=entry.turn_count,
                earlier=earlier(entry.earlier) if entry.earlier else None,
                latest=[
                    StatedMessage(one.n, one.state, one.asked, one.answered)
                    for one in entry.turns[-_LATEST:]
                ],
                files=[one.path for one in entry.files],
                tokens=entry.tokens.total,
            ),
            subtasks=[self.items[one.id] for one in open_ if one.origin not in later],
            follow_ups=[self.items[one.id] for one in open_ if one.origin in later],
            failures=[
                StateProblem(one.at, one.what, one.how)
                for one in entry.failures
                if not one.repaired
            ],
            notes=[one.text for one in entry.notes],
        )


def _state(state: TaskState, *, said: bool) -> State:
    if state is TaskState.BLOCKED and not said:
        return "pending"
    return cast(State, _STATES.get(state, str(state)))


def _kind(kind: str) -> ProofKind:
    return cast(ProofKind, str(kind))


def _files(entries: list[JournalEntry]) -> dict[str, JournalEntry]:
    """The file name of each session; names of agents and duplicates get a suffix of the id."""
    plain = {one.session: _name(one) for one in entries}
    times = Counter(plain[one.session] for one in entries if not one.parent)
    return {
        f"sessions/{plain[one.session]}"
        + (f"_{one.session[-8:]}" if one.parent or times[plain[one.session]] > 1 else "")
        + ".json": one
        for one in entries
    }


def _name(entry: JournalEntry) -> str:
    began = f"{entry.started_at:%Y-%m-%dT%H-%M-%S}" if entry.started_at else "undated"
    where = entry.branch or (entry.commit or "")[:10] or "no-branch"
    return f"{began}_{safe_export.safe_name(where)}"


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
