"""The palette: every command that can be given here, found by some letters of it."""

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from tui import safe
from tui.actions import carry_out, possible


class Possibilities(Provider):
    async def discover(self) -> Hits:
        for one in possible(self.screen):
            yield DiscoveryHit(
                safe.line(one.command.name), self._doing(one.command.name), help=one.command.help
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for one in possible(self.screen):
            score = matcher.match(f"{one.command.name} {one.command.words}")
            if score > 0:
                name = one.command.name
                yield Hit(score, matcher.highlight(name), self._doing(name), help=one.command.help)

    def _doing(self, name: str):  # type: ignore[no-untyped-def]
        async def do() -> None:
            await carry_out(self.screen, name)

        return do


def palette() -> CommandPalette:
    return CommandPalette([Possibilities], placeholder="Find a command…")
