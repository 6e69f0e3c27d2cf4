"""Builds the state of a project from the database; the same facts give the same state.

What a state file knows of other machines is kept: `also` is the file that will be replaced.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects import safe_export
from ingest.projects.identity import UNKNOWN
from ingest.projects.journal.build import entries_of, journal_rules, oldest_first
from ingest.projects.journal.decisions import edit_text
from ingest.projects.journal.entry import Rules
from ingest.projects.journal.model import JournalEntry
from ingest.projects.roles.summaries import Consolidated, consolidated_each
from ingest.projects.state.document import (
    Checkpoint,
    Decided,
    Milestone,
    OpenItem,
    ProjectState,
    SessionDocument,
    SessionLink,
    SessionSummary,
    StatedMessage,
    StatedSummary,
    StateItem,
    StateProblem,
)
from ingest.projects.state.project_tasks import ProjectTasks
from ingest.projects.state.sentences import earlier_turns
from ingest.projects.tasks.apply_edits import rename_tasks
from ingest.projects.tasks.edits import Add, Imported, RecordedEdit, TaskEdit
from ingest.projects.tasks.model import Origin, Roadmap
from ingest.projects.tasks.roadmap import in_order
from ingest.sessions.scope import Scope
from ingest.text.hashes import short_hash

LATEST: Final = 3
_OPEN: Final = frozenset({"pending", "in_progress", "blocked"})
_EVERY: Final = 1_000_000
"""All turns: each is in the file, the older ones as a sentence."""


class BuiltState(Struct, frozen=True):
    project: ProjectState
    sessions: dict[str, SessionDocument]
    """By file name."""
    label: str
    tasks: ProjectTasks


def build_state(
    rows: NamedQueries,
    project: str,
    zone: tzinfo | None,
    turns: int,
    roles: Sequence[str],
    also: ProjectState | None = None,
) -> BuiltState:
    """The state of a project, by its label or folder. `roles`: in the order in which they count."""
    rules = replace(journal_rules(zone, turns), turns=_EVERY)
    sessions = oldest_first(rows, Scope(project=project))
    entries = list(entries_of(rows, sessions, rules))
    tasks = ProjectTasks(rows, project, rules.mask)
    more = tasks.shared(also) if also else []
    plan = tasks.plan(more)
    repository = sessions[-1].repository if sessions else None
    if repository is None and also is not None:
        repository = also.repository
    summaries = consolidated_each(rows, roles, [one.id for one in sessions])
    builder = _StateBuilder(
        rules, tasks, plan, entries, also, in_order([*tasks.every, *more]), summaries
    )
    return BuiltState(
        builder.project(repository),
        builder.sessions(),
        tasks.label,
        tasks,
    )


class _StateBuilder:
    def __init__(
        self,
        rules: Rules,
        tasks: ProjectTasks,
        plan: Roadmap,
        entries: list[JournalEntry],
        also: ProjectState | None,
        every: list[RecordedEdit],
        summaries: Mapping[str | None, Consolidated],
    ) -> None:
        self.mask = rules.mask
        self.tasks = tasks
        self.plan = plan
        self.entries = entries
        self.also = also or ProjectState(project=UNKNOWN)
        self.every = rename_tasks(every, plan.names)
        self.state = tasks.state(plan)
        self.items = {one.id or "": one for one in (*self.state.goals, *self.state.tasks)}
        self.files = _files(entries)
        self.local = {one.session for one in entries}
        self.summaries = summaries

    def project(self, repository: str | None) -> ProjectState:
        return replace(
            self.state,
            project=self.tasks.name if self.entries else self.also.project or self.tasks.name,
            repository=self.mask(repository) if repository else None,
            milestones=self._milestones(),
            decisions=self._decisions(),
            checkpoints=self._checkpoints(),
            sessions=self._links(),
        )

    def sessions(self) -> dict[str, SessionDocument]:
        return {file: self._session(one) for file, one in self.files.items()}

    def _summary(self, session: str) -> StatedSummary | None:
        """The one that counts, of those that people and roles wrote."""
        about = self.summaries.get(session)
        if about is None or about.summary is None:
            return None
        found = about.summary
        return StatedSummary(self.mask(found.text), self.mask(found.by), found.person, found.at)

    def _milestones(self) -> list[Milestone]:
        return [
            Milestone(item.id or "", item.text, proof.ref)
            for item in self.items.values()
            if item.state == "done"
            for proof in item.evidence
            if proof.kind == "commit"
        ]

    def _decisions(self) -> list[Decided]:
        texts = {task.id: self.mask(task.text) for task in self.plan.tasks}
        texts |= {task: self.mask(text) for task, text in self._added()}
        found = [
            Decided(
                said=self.mask(edit_text(one, texts, self.every)),
                about=texts[one.task],
                by=one.actor,
                at=one.at,
                id=one.id,
                task=one.task,
                edit=self._without_label(one),
                reason=self.mask(one.reason) if one.reason else None,
            )
            for one in self.every
            if one.task in texts and not isinstance(one.edit, Imported)
        ]
        for entry in self.entries:
            found += [
                Decided(one.answer, one.question, "answer", one.at, entry.session)
                for one in entry.decisions
            ]
        found += [one for one in self.tasks.answers if one.session not in self.local]
        found += self.tasks.new_answers(self.also)
        return sorted(found, key=lambda one: _stamp(one.at))

    def _added(self) -> Iterator[tuple[str, str]]:
        """The tasks that people added to this project, also those that were undone: a database that
        imported one learns of it."""
        for one in self.every:
            if isinstance(one.edit, Add) and one.edit.project == self.tasks.label:
                yield one.task, one.edit.text

    def _without_label(self, recorded: RecordedEdit) -> TaskEdit:
        if isinstance(recorded.edit, Add):
            # The label can differ on each machine.
            return replace(recorded.edit, project=self.tasks.name)
        return recorded.edit

    def _checkpoints(self) -> list[Checkpoint]:
        found = [one for one in self.also.checkpoints if one.session not in self.local]
        for entry in self.entries:
            if entry.commit:
                found.append(
                    Checkpoint(entry.started_at, entry.branch, entry.commit, entry.session)
                )
            found += [
                Checkpoint(one.at, entry.branch, one.sha, entry.session) for one in entry.commits
            ]
        return sorted(found, key=lambda one: (_stamp(one.at), one.session, one.commit))

    def _links(self) -> list[SessionLink]:
        found = [one for one in self.also.sessions if one.id not in self.local]
        found += [
            SessionLink(one.title, one.session, file, one.ended_at)
            for file, one in self.files.items()
        ]
        return sorted(found, key=lambda one: (one.file, one.id))

    def _session(self, entry: JournalEntry) -> SessionDocument:
        mine = [
            item
            for item in self.items.values()
            if item.state in _OPEN and any(one.session == entry.session for one in item.sessions)
        ]
        later = (Origin.REQUEST, Origin.PROPOSED)
        inside = (self.tasks.paths.inside(entry.session, one.path) for one in entry.files)
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
                earlier=earlier_turns(entry.turns[:-LATEST]),
                latest=[
                    StatedMessage(one.asked, one.answered, one.state, one.n)
                    for one in entry.turns[-LATEST:]
                ],
                files=list(dict.fromkeys(path for path in inside if path is not None)),
                tokens=entry.tokens.total,
                written=self._summary(entry.session),
            ),
            subtasks=_open(one for one in mine if one.origin not in later),
            follow_ups=_open(one for one in mine if one.origin in later),
            failures=[
                StateProblem(one.what, one.how, one.at)
                for one in entry.failures
                if not one.repaired
            ],
            notes=[one.text for one in entry.notes],
        )


def _open(items: Iterable[StateItem]) -> list[OpenItem]:
    return [OpenItem(one.text, one.id or "", one.state) for one in items]


def _files(entries: Sequence[JournalEntry]) -> dict[str, JournalEntry]:
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
    where = entry.branch or short_hash(entry.commit or "") or "no-branch"
    return f"{began}_{safe_export.safe_name(where)}"


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
