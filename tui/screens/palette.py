"""The palette: any command that can be given here, found by some letters of it; and the themes."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.theme import ThemeProvider

from tui import content
from tui.actions import carry_out, possible
from tui.pushed_screen import PushedScreen


class Possibilities(Provider):
    async def discover(self) -> Hits:
        for one in possible(self.screen):
            yield DiscoveryHit(
                content.line(one.command.name), self._doing(one.command.name), help=one.command.help
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for one in possible(self.screen):
            score = matcher.match(f"{one.command.name} {one.command.words}")
            if score > 0:
                name = one.command.name
                yield Hit(score, matcher.highlight(name), self._doing(name), help=one.command.help)

    def _doing(self, name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def do() -> None:
            await carry_out(self.screen, name)

        return do


class Palette(CommandPalette, PushedScreen[None]):
    def _action_command_list(self, action: str) -> None:
        # Until its lines are laid out, a list knows no page to go down.
        if self.query_exactly_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


def palette() -> Palette:
    return Palette([Possibilities], placeholder="Find a command…")


def themes() -> Palette:
    return Palette([ThemeProvider], placeholder="Find a theme…")
