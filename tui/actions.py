"""The commands available now: those of the focused widget and of its parents.

The help, the palette and the `:` line list them.
"""

from collections.abc import Iterator

from msgspec import Struct
from textual.screen import Screen

from tui.commands import MOVEMENT, Command, action_of, command_of


class Possible(Struct, frozen=True):
    command: Command
    namespace: object
    """The widget, screen or app that implements it."""

    @property
    def action(self) -> str:
        return action_of(self.command.name)


def possible(screen: Screen[object]) -> list[Possible]:
    """Each command once: those nearest to the focus first, movement commands last."""
    return sorted(_possible(screen), key=lambda each: each.command.name in MOVEMENT)


def _possible(screen: Screen[object]) -> Iterator[Possible]:
    seen = set()
    for active in screen.active_bindings.values():
        command = command_of(active.binding)
        if command is not None and active.enabled and command.name not in seen:
            seen.add(command.name)
            yield Possible(command, active.node)


async def carry_out(screen: Screen[object], text: str) -> str | None:
    """Run a line: the name of a command and its argument. Returns an error text or None."""
    name, _, rest = text.strip().partition(" ")
    matches = [each for each in possible(screen) if each.command.name == name]
    if not matches:
        return f"Unknown command “{name}”. ? lists the commands."
    match = matches[0]
    if rest and not match.command.argument:
        return f"“{name}” takes no argument."
    arguments = (rest.strip(),) if rest else ()
    await screen.app.run_action(("", match.action, arguments), match.namespace)  # type: ignore[arg-type]
    return None
