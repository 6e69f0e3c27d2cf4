"""The palettes of commands and of themes, with fuzzy search.

That of commands also finds sessions, projects and tasks by their names.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.theme import ThemeProvider

from tui import content
from tui.actions import Possible, carry_out, possible
from tui.commands import key_label, keys_of
from tui.pushed_screen import PushedScreen
from tui.screens.arguments import Arguments, Found, load_names

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

_KEYS_WIDTH: Final = 12
_MAX_HITS: Final = 20


def dashboard_of(provider: Provider) -> "Dashboard":
    return cast("Dashboard", provider.app)


def highlighted(matcher: Matcher, text: str) -> Content:
    """The text with what was matched in it. `Matcher.highlight` would read it as markup."""
    shown = content.line(text)
    _, offsets = matcher.fuzzy_search.match(matcher.query, shown.plain)
    for offset in offsets:
        shown = shown.stylize(matcher.match_style, offset, offset + 1)
    return shown


class CommandProvider(Provider):
    """Commands by their names, and with `theme pa` the arguments that the text may become."""

    async def startup(self) -> None:
        self._arguments = Arguments(list(self.app.available_themes))

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
        name, space, argument = query.partition(" ")
        for each in possible(self.screen):
            command = each.command
            if space and command.name == name and command.argument:
                if not self._arguments.loaded:
                    await self._arguments.load(dashboard_of(self))
                offers = self._arguments.of(each, argument)
                for offer in dict.fromkeys([*offers[:_MAX_HITS], argument]):
                    line = content.line(f"{name} {offer}").plain
                    shown = self._with_keys(content.line(line), each)
                    run = self._runner(f"{name} {offer}")
                    yield Hit(1.0, shown, run, text=line, help=command.help)
            score = matcher.match(f"{command.name} {command.label}")
            if score > 0:
                name = each.command.name
                shown = self._with_keys(highlighted(matcher, name), each)
                yield Hit(score, shown, self._runner(name), text=name, help=each.command.help)

    def _with_keys(self, name: Content, each: Possible) -> Content:
        keys = keys_of(each.command, dashboard_of(self).remapped).split(",")
        label = key_label(keys[0])
        return content.line(label, "dim").pad_right(max(1, _KEYS_WIDTH - len(label))) + name

    def _runner(self, line: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            await carry_out(self.screen, line)

        return run


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
                + highlighted(matcher, each.name),
                partial(self._open, each),
                text=content.line(each.name).plain,
                help=content.line(each.where).plain,
            )

    async def _open(self, found: Found) -> None:
        found.open(dashboard_of(self))


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
