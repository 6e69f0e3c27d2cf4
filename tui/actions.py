"""What can be done right now: the commands of what has the focus, and of what is around it.

Help, palette and the `:` line are three views of it.
"""

from collections.abc import Iterator

from msgspec import Struct
from textual.screen import Screen

from tui.commands import MOVES, Command, action_of, command_of


class Possible(Struct, frozen=True):
    command: Command
    namespace: object
    """The widget, screen or app that carries it out."""

    @property
    def action(self) -> str:
        return action_of(self.command.name)


def possible(screen: Screen[object]) -> list[Possible]:
    """Each command once, the nearest to the focus first, and what only moves last."""
    return sorted(_possible(screen), key=lambda one: one.command.name in MOVES)


def _possible(screen: Screen[object]) -> Iterator[Possible]:
    seen = set()
    for active in screen.active_bindings.values():
        command = command_of(active.binding)
        if command is not None and active.enabled and command.name not in seen:
            seen.add(command.name)
            yield Possible(command, active.node)


async def carry_out(screen: Screen[object], text: str) -> str | None:
    """Do what a line says: a name, and what the command takes. Why not, where it is not done."""
    name, _, rest = text.strip().partition(" ")
    found = [one for one in possible(screen) if one.command.name == name]
    if not found:
        return f"There is no command “{name}” here. ? shows what there is."
    one = found[0]
    if rest and not one.command.takes:
        return f"“{name}” takes nothing behind it."
    arguments = (rest.strip(),) if rest else ()
    await screen.app.run_action(("", one.action, arguments), one.namespace)  # type: ignore[arg-type]
    return None
