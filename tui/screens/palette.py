"""The palettes of commands and of themes, with fuzzy search."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.theme import ThemeProvider

from tui import content
from tui.actions import carry_out, possible
from tui.pushed_screen import PushedScreen


class CommandProvider(Provider):
    async def discover(self) -> Hits:
        for each in possible(self.screen):
            yield DiscoveryHit(
                content.line(each.command.name),
                self._runner(each.command.name),
                help=each.command.help,
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for each in possible(self.screen):
            command = each.command
            score = matcher.match(f"{command.name} {command.label}")
            if score > 0:
                name = each.command.name
                yield Hit(
                    score, matcher.highlight(name), self._runner(name), help=each.command.help
                )

    def _runner(self, name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            await carry_out(self.screen, name)

        return run


class Palette(CommandPalette, PushedScreen[None]):
    def _action_command_list(self, action: str) -> None:
        # Before its first layout, a list has no page size.
        if self.query_exactly_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


def command_palette() -> Palette:
    return Palette([CommandProvider], placeholder="Find a command…")


def theme_palette() -> Palette:
    return Palette([ThemeProvider], placeholder="Find a theme…")
