"""The `:` line: a command by its name, completed from what can be done here."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui import content
from tui.actions import Possible
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.widgets.entry import Entry


class CommandLine(ModalScreen[str | None], PushedScreen[str | None]):
    """Answers with the line, or nothing."""

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

    def __init__(self, found: list[Possible]) -> None:
        super().__init__()
        self.names = {one.command.name: one.command for one in found}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static()
            yield Entry(
                placeholder="a command; Tab completes, Esc leaves",
                suggester=SuggestFromList(sorted(self.names), case_sensitive=False),
            )

    def on_mount(self) -> None:
        self.query_exactly_one(Input).focus()
        self._offer("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._offer(event.value)

    def _offer(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        found = [self.names[one] for one in self._starting(name)][:6] if not rest else []
        if rest and name in self.names:
            found = [self.names[name]]
        self.query_exactly_one(Static).update(
            content.lines(
                *(
                    content.row(
                        content.line(command.name + (f" {command.takes}" if command.takes else ""),
                                  "bold"),
                        content.line(command.help),
                    )
                    for command in found
                )
            )
        )  # fmt: skip

    def _starting(self, text: str) -> list[str]:
        return sorted(name for name in self.names if name.startswith(text))

    def key_tab(self) -> None:
        line = self.query_exactly_one(Input)
        found = self._starting(line.value)
        if found:
            line.value = found[0] + (" " if self.names[found[0]].takes else "")
            line.cursor_position = len(line.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_back(self) -> None:
        self.dismiss(None)
