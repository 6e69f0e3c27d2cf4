"""The palettes of commands and of themes, with fuzzy search.

That of commands also finds sessions, projects and tasks by their names.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.theme import ThemeProvider

from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import label, list_sessions
from tui import content
from tui.actions import Possible, carry_out, possible
from tui.commands import key_label, keys_of
from tui.pushed_screen import PushedScreen
from tui.scope import Place

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

_KEYS_WIDTH: Final = 12
_MAX_SESSIONS: Final = 2000
_MAX_TASKS: Final = 2000
_MAX_HITS: Final = 20


def dashboard_of(provider: Provider) -> "Dashboard":
    return cast("Dashboard", provider.app)


class CommandProvider(Provider):
    async def discover(self) -> Hits:
        for each in possible(self.screen):
            yield DiscoveryHit(
                self._with_keys(content.line(each.command.name), each),
                self._runner(each.command.name),
                text=each.command.name,
                help=each.command.help,
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for each in possible(self.screen):
            command = each.command
            score = matcher.match(f"{command.name} {command.label}")
            if score > 0:
                name = each.command.name
                shown = self._with_keys(matcher.highlight(name), each)
                yield Hit(score, shown, self._runner(name), text=name, help=each.command.help)

    def _with_keys(self, name: Content, each: Possible) -> Content:
        keys = keys_of(each.command, dashboard_of(self).remapped).split(",")
        label = key_label(keys[0])
        return content.line(label, "dim").pad_right(max(1, _KEYS_WIDTH - len(label))) + name

    def _runner(self, name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            await carry_out(self.screen, name)

        return run


class Found(NamedTuple):
    """Something with a name that the palette can open."""

    kind: str
    name: str
    where: str
    place: Place
    home: str = ""
    session: str = ""
    task: str = ""


def load_names(reader: QueryReader, now: Now) -> list[Found]:
    """The newest sessions, their projects, and the tasks of all projects."""
    sessions = list_sessions(reader, Scope(limit=_MAX_SESSIONS), now)
    projects = {each.project: Place(each.project, each.cwd) for each in sessions}
    found = [Found("project", name, "", place) for name, place in projects.items()]
    found += [
        Found("session", label(one), one.project, Place(one.project, one.cwd), one.home_id, one.id)
        for one in sessions
    ]
    found += [
        Found("task", row["text"], row["project"], Place(row["project"]), task=row["id"])
        for row in reader.rows("tasks.names", limit=_MAX_TASKS)
    ]
    return found


class NameProvider(Provider):
    """Its names are loaded once, when the palette opens."""

    async def startup(self) -> None:
        dashboard = dashboard_of(self)
        now = dashboard.now
        self._names = await dashboard.queries.ask(lambda reader: load_names(reader, now))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        scored = [(matcher.match(each.name), each) for each in self._names]
        best = sorted((each for each in scored if each[0] > 0), key=lambda each: -each[0])
        for score, each in best[:_MAX_HITS]:
            yield Hit(
                score * 0.9,  # Commands come first.
                content.line(each.kind, "dim").pad_right(_KEYS_WIDTH - len(each.kind))
                + matcher.highlight(content.line(each.name).plain),
                partial(self._open, each),
                text=content.line(each.name).plain,
                help=content.line(each.where).plain,
            )

    async def _open(self, found: Found) -> None:
        dashboard = dashboard_of(self)
        dashboard.place = found.place
        match found.kind:
            case "session":
                dashboard.open_session(found.home, found.session)
            case "project":
                dashboard.show_project(found.place)
            case _:
                dashboard.open_task(found.place, found.task)


class Palette(CommandPalette, PushedScreen[None]):
    def _action_command_list(self, action: str) -> None:
        # Before its first layout, a list has no page size.
        if self.query_exactly_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


def command_palette() -> Palette:
    return Palette(
        [CommandProvider, NameProvider], placeholder="Find a command, session, project or task…"
    )


def theme_palette() -> Palette:
    return Palette([ThemeProvider], placeholder="Find a theme…")
