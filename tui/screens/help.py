"""The help: all commands available at this point, generated from their declarations."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui import content
from tui.actions import Possible
from tui.commands import MOVEMENT, bind, key_label, keys_of
from tui.pushed_screen import PushedScreen
from tui.widgets.pane import DashboardNode
from tui.widgets.text_view import TextView

_APP: Final = "Dashboard"
_KEYS_WIDTH: Final = 14
_NAMES_WIDTH: Final = 18


class HelpScreen(DashboardNode, ModalScreen[None], PushedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bind("back", "help", "quit")
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > Vertical {
            width: 90%; max-width: 92; height: 90%; padding: 1 1 0 1;
            background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, possible: list[Possible]) -> None:
        super().__init__()
        self.possible = possible

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Commands"
            box.border_subtitle = "/ find · Esc close"
            yield TextView()

    def on_resize(self) -> None:
        self.call_after_refresh(self._update)

    def _update(self) -> None:
        view = self.query_exactly_one(TextView)
        here, everywhere, movement = [], [], []
        for each in self.possible:
            if each.command.name in MOVEMENT:
                movement.append(each)
            elif type(each.namespace).__name__ == _APP:
                everywhere.append(each)
            else:
                here.append(each)
        parts = (("Here", here), ("Everywhere", everywhere), ("Movement", movement))
        keys = self.dashboard.remapped
        lines = [
            line for title, items in parts if items for line in _part(title, items, view, keys)
        ]
        view.set_text(content.lines(*lines[:-1]))

    def action_back(self) -> None:
        self.dismiss()

    def action_help(self) -> None:
        self.dismiss()


def _part(
    heading: str, items: list[Possible], view: TextView, remapped: Mapping[str, str]
) -> Iterator[Content]:
    yield content.line(heading, "title")
    for item in items:
        keys = " ".join(filter(None, map(key_label, keys_of(item.command, remapped).split(","))))
        title = content.line(keys, "cyan").pad_right(_KEYS_WIDTH - len(keys))
        title += content.line(item.command.name, "bold")
        yield content.titled(title, item.command.help, _KEYS_WIDTH + _NAMES_WIDTH, view.columns)
    yield Content("")
