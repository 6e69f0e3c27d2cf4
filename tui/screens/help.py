"""What can be done here, made from the commands themselves."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import safe
from tui.actions import Possible
from tui.commands import bind, sign

_EVERYWHERE = "Dashboard"


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bind("back", "help", "quit")
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 90%; max-width: 92; height: 90%; padding: 1 2;
            background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, found: list[Possible]) -> None:
        super().__init__()
        self.found = found

    def compose(self) -> ComposeResult:
        here = [one for one in self.found if type(one.namespace).__name__ != _EVERYWHERE]
        everywhere = [one for one in self.found if type(one.namespace).__name__ == _EVERYWHERE]
        with VerticalScroll() as box:
            box.border_title = "What can be done here"
            box.border_subtitle = "Esc closes"
            yield Static(safe.lines(*_part("Here", here), "", *_part("Everywhere", everywhere)))

    def action_back(self) -> None:
        self.dismiss()

    def action_help(self) -> None:
        self.dismiss()


def _part(title: str, found: list[Possible]) -> list[Content]:
    said = [safe.line(title, "title")]
    for one in found:
        keys = [sign(key) for key in one.command.keys.split(",") if sign(key)]
        said.append(
            safe.line(f"{' '.join(keys):<14}", "cyan").pad_right(max(0, 14 - len(" ".join(keys))))
            + safe.line(one.command.name, "bold").pad_right(max(1, 18 - len(one.command.name)))
            + safe.line(one.command.help)
        )
    return said
