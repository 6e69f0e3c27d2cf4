"""The tasks of a project in the database, and how a state file differs from them."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import PurePath

from ingest.actions import current_user
from ingest.db.query_reader import NamedQueries
from ingest.projects.identity import UNKNOWN
from ingest.projects.names import ProjectNames
from ingest.projects.state.answers import imported_answers, new_answers
from ingest.projects.state.document import Decided, ProjectState
from ingest.projects.state.items import Mask, RepositoryPaths, task_state
from ingest.projects.state.merge import (
    StateDifference,
    answer_changes,
    changes,
    refuse_cycles,
    refuse_other_project,
    shared_changes,
)
from ingest.projects.state.shared import shared_edits
from ingest.projects.tasks.edits import RecordedEdit
from ingest.projects.tasks.load import LoadedTasks
from ingest.projects.tasks.model import Roadmap
from ingest.projects.tasks.roadmap import load_scope, recorded_edits, roadmap_of
from ingest.sessions.scope import FOREVER, TIMELESS, Now, Scope
from ingest.sessions.session import list_sessions


class ProjectTasks:
    """Of a project by its label or folder; it may have no session here yet."""

    def __init__(self, rows: NamedQueries, project: str, mask: Mask) -> None:
        self._rows = rows
        self._scope = Scope(project=project)
        self._mask = mask
        self._names = ProjectNames(rows)
        self.sessions = list_sessions(rows, self._scope, TIMELESS)
        self.label = self.sessions[0].project if self.sessions else project
        # A repository in which no session worked yet is called by its path.
        name = self._names.name(self.label)
        self.name = mask(PurePath(name).name if "/" in name else name) or UNKNOWN
        self.every = recorded_edits(rows)
        self.answers = imported_answers(rows, self.label)
        self.paths = RepositoryPaths(rows, self.sessions)
        # The time of the newest fact, so that states do not depend on the current time.
        last = (one.last_at for one in self.sessions if one.last_at)
        self._now = Now(max(last, default=TIMELESS.moment), FOREVER, FOREVER)

    @property
    def is_known(self) -> bool:
        """Whether the database knows anything of the project."""
        return bool(self.sessions or self.plan().tasks)

    @cached_property
    def _loaded(self) -> list[LoadedTasks]:
        return load_scope(self._rows, self._scope, self._now)

    def plan(self, more: Iterable[RecordedEdit] = ()) -> Roadmap:
        edits = [*self.every, *more]
        return roadmap_of(self._rows, self._loaded, edits, self._scope, self._now)

    def state(self, plan: Roadmap) -> ProjectState:
        return task_state(self.name, plan, self._mask, self.paths)

    def shared(self, file: ProjectState) -> list[RecordedEdit]:
        """What the file knows of other machines and the database does not."""
        local = {one.id for one in self.sessions}
        return shared_edits(file, self.every, local, self.label, current_user())

    def new_answers(self, file: ProjectState) -> list[Decided]:
        return new_answers(file, self.answers, {one.id for one in self.sessions})

    def changes(self, file: ProjectState, *, of_checkout: bool = False) -> list[StateDifference]:
        """How a file differs from the database: first what other machines added to it, then what a
        person changed in it. `of_checkout`: the file is in the repository of the project."""
        remotes = self._names.remotes()
        refuse_other_project(file, self.name, self.label, remotes, of_checkout=of_checkout)
        shared = self.shared(file)
        before = self.plan()
        after = self.plan(shared) if shared else before
        here = self.state(before)
        found = [
            *shared_changes(shared, here, file),
            *answer_changes(self.new_answers(file)),
            *changes(file, self.state(after), self.label, after.names),
        ]
        return list(refuse_cycles(found, here))

    def edits_of(self, found: Iterable[StateDifference], at: datetime) -> list[RecordedEdit]:
        """The edits that importing these differences would record now."""
        edits = []
        for number, one in enumerate(found):
            if one.shared is not None:
                edits.append(one.shared)
            elif one.edit is not None:
                by = current_user()
                edits.append(RecordedEdit(f"file:{number}", at, by, one.task, one.edit, None))
        return edits
