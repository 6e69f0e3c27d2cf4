"""The `:` line: runs a command by its name, with completion."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui import content
from tui.actions import Possible
from tui.commands import Command, bind
from tui.pushed_screen import PushedScreen
from tui.widgets.text_input import TextInput

_SHOWN = 6


class CommandLine(ModalScreen[str | None], PushedScreen[str | None]):
    """Returns the typed line, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bind("back")
    DEFAULT_CSS = """
    CommandLine {
        align: left bottom;
        background: $background 0%;
        & > Vertical { height: auto; background: $panel; }
        & Static {
            height: auto; max-height: 8; min-width: 16; padding: 0 2;
            color: $foreground-muted;
        }
        & Input { height: 1; border: none; padding: 0 1; background: $panel; }
        & Input:focus { border: none; }
    }
    """

    def __init__(self, possible: list[Possible]) -> None:
        super().__init__()
        self.commands = {each.command.name: each.command for each in possible}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static()
            yield TextInput(
                placeholder="a command; Tab completes, Esc cancels",
                suggester=SuggestFromList(sorted(self.commands), case_sensitive=False),
            )

    def on_mount(self) -> None:
        self.query_exactly_one(Input).focus()
        self._show_matches("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show_matches(event.value)

    def _show_matches(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        matches = [self.commands[each] for each in self._starting_with(name)][:_SHOWN]
        if rest:
            matches = [self.commands[name]] if name in self.commands else []
        self.query_exactly_one(Static).update(content.lines(*map(_help_line, matches)))

    def _starting_with(self, text: str) -> list[str]:
        return sorted(name for name in self.commands if name.startswith(text))

    def key_tab(self) -> None:
        line = self.query_exactly_one(Input)
        names = self._starting_with(line.value)
        if names:
            line.value = names[0] + (" " if self.commands[names[0]].argument else "")
            line.cursor_position = len(line.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_back(self) -> None:
        self.dismiss(None)


def _help_line(command: Command) -> Content:
    usage = f"{command.name} {command.argument}".rstrip()
    return content.row(content.line(usage, "bold"), content.line(command.help))
