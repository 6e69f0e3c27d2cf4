"""What can follow the name of a command in the `:` line and in the palette: themes, states,
filters, and the names of sessions, projects and tasks.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.model import TaskState
from ingest.sessions.scope import Now, Scope
from ingest.sessions.search.completion import (
    FilterValues,
    apply_completion,
    completions,
    load_filter_values,
)
from ingest.sessions.session import label, list_sessions
from ingest.text.sanitize import one_line
from tui.actions import Possible
from tui.query_runner import QueryResult
from tui.scope import Place
from tui.themes import THEMES
from tui.widgets.list_pane import ListPane

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

_MAX_SESSIONS: Final = 2000
_MAX_TASKS: Final = 2000


class Found(NamedTuple):
    """Something with a name that can be opened."""

    kind: str
    name: str
    where: str
    place: Place
    home: str = ""
    session: str = ""
    task: str = ""

    def open(self, dashboard: "Dashboard") -> None:
        dashboard.place = self.place
        match self.kind:
            case "session":
                dashboard.open_session(self.home, self.session)
            case "project":
                dashboard.show_project(self.place)
            case _:
                dashboard.open_task(self.place, self.task)


def load_names(reader: QueryReader, now: Now) -> list[Found]:
    """The newest sessions, their projects, and the tasks of all projects."""
    sessions = list_sessions(reader, Scope(limit=_MAX_SESSIONS), now)
    projects = {each.project: Place(each.project, each.cwd) for each in reversed(sessions)}
    found = [Found("project", name, "", place) for name, place in projects.items()]
    found += [
        Found("session", label(each), each.project, Place(each.project, each.cwd), each.home_id,
              each.id)
        for each in sessions
    ]  # fmt: skip
    found += [
        Found("task", row["text"], row["project"], Place(row["project"]), task=row["id"])
        for row in reader.rows("tasks.names", limit=_MAX_TASKS)
    ]
    return found


def named(names: list[Found], text: str, kinds: tuple[str, ...] = ()) -> list[Found]:
    """Those whose name is this text, then those that begin with it, then those with its words."""
    wanted = one_line(text).lower()
    words, ranked = wanted.split(), []
    for each in names:
        name = one_line(each.name).lower()
        if (not kinds or each.kind in kinds) and all(word in name for word in words):
            ranked.append((name != wanted, not name.startswith(wanted), each))
    return [each for *_, each in sorted(ranked, key=lambda ranks: ranks[:2])]


class Arguments:
    """Its names and filters are loaded when the first argument is typed."""

    def __init__(self, themes: list[str]) -> None:
        own = [theme.name for theme in THEMES if theme.name in themes]
        others = sorted(name for name in themes if name not in own)
        self._fixed = {"theme": own + others, "set": [str(state) for state in TaskState]}
        self.names: list[Found] = []
        self._filters = FilterValues()
        self.loaded = False

    async def load(self, dashboard: "Dashboard") -> None:
        self.loaded, now = True, dashboard.now
        answer = await dashboard.queries.answer(
            lambda reader: (load_names(reader, now), load_filter_values(reader))
        )
        if isinstance(answer, QueryResult):
            self.names, self._filters = answer.value

    def of(self, possible: Possible, text: str) -> list[str]:
        """The arguments of this command that a text may become, the most likely ones first."""
        command = possible.command.name
        match command:
            case "go":
                return list(dict.fromkeys(one_line(each.name) for each in named(self.names, text)))
            case "scope":
                return [each.name for each in named(self.names, text, ("project",))]
            case "search":
                offers = completions(text, self._filters)
                return [apply_completion(text, offer) for offer in offers]
            case "filter" if isinstance(possible.namespace, ListPane):
                return possible.namespace.completed_filters(text)
            case _:
                return [each for each in self._fixed.get(command, []) if each.startswith(text)]
