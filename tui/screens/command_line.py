"""The `:` line: runs a command by its name. Tab completes the name and what may follow it."""

from typing import TYPE_CHECKING, ClassVar

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
from tui.commands import Command, bind, key_label, keys_of
from tui.pushed_screen import PushedScreen
from tui.screens.arguments import Arguments
from tui.widgets.text_input import TextInput

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

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
            height: auto; max-height: 60vh; min-width: 16; padding: 0 2;
            color: $foreground-muted;
        }
        & Input { height: 1; border: none; padding: 0 1; background: $panel; }
        & Input:focus { border: none; }
    }
    """

    def __init__(self, possible: list[Possible], dashboard: "Dashboard") -> None:
        super().__init__()
        self._possible = {each.command.name: each for each in possible}
        self._dashboard = dashboard
        self._arguments = Arguments(list(dashboard.available_themes))

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static()
            yield TextInput(
                placeholder="a command; Tab completes, Esc cancels",
                suggester=SuggestFromList(sorted(self._possible), case_sensitive=False),
            )

    def on_mount(self) -> None:
        self.query_exactly_one(Input).focus()
        self._show_matches("")

    async def _load_arguments(self) -> None:
        await self._arguments.load(self._dashboard)
        self._show_matches(self.query_exactly_one(Input).value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if " " in event.value and not self._arguments.loaded:
            self.run_worker(self._load_arguments())
        self._show_matches(event.value)

    def _show_matches(self, text: str) -> None:
        name, space, rest = text.partition(" ")
        offers: list[Content] = []
        names = self._starting_with(name)[:_SHOWN]
        if space:
            names = [name] if name in self._possible else []
            most = max(_SHOWN, self.app.size.height // 2)
            offers = [content.line(offer) for offer in self._offers(name, rest)[:most]]
        lines = [self._help_line(self._possible[each].command) for each in names]
        self.query_exactly_one(Static).update(content.lines(*lines, *offers))

    def _starting_with(self, text: str) -> list[str]:
        return sorted(name for name in self._possible if name.startswith(text))

    def _offers(self, name: str, argument: str) -> list[str]:
        possible = self._possible.get(name)
        return [] if possible is None else self._arguments.of(possible, argument)

    def key_tab(self) -> None:
        line = self.query_exactly_one(Input)
        name, space, rest = line.value.partition(" ")
        if space:
            offers = [f"{name} {offer}" for offer in self._offers(name, rest)]
        else:
            offers = [
                each + (" " if self._possible[each].command.argument else "")
                for each in self._starting_with(name)
            ]
        if offers:
            line.value = offers[0]
            line.cursor_position = len(line.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_back(self) -> None:
        self.dismiss(None)

    def _help_line(self, command: Command) -> Content:
        usage = f"{command.name} {command.argument}".rstrip()
        keys = keys_of(command, self._dashboard.remapped).split(",")[0]
        return content.row(
            content.line(usage, "bold"), content.line(key_label(keys), "cyan"), command.help
        )
