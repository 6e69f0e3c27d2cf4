"""What can be done here, made from the commands themselves."""

from collections.abc import Iterator
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui import content
from tui.actions import Possible
from tui.commands import MOVES, bind, sign
from tui.pushed_screen import PushedScreen
from tui.widgets.reader import Reader

_EVERYWHERE: Final = "Dashboard"
_KEYS: Final = 14
_NAMES: Final = 18


class HelpScreen(ModalScreen[None], PushedScreen[None]):
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

    def __init__(self, found: list[Possible]) -> None:
        super().__init__()
        self.found = found

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "What can be done here"
            box.border_subtitle = "/ finds · Esc closes"
            yield Reader()

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        reader = self.query_exactly_one(Reader)
        here, everywhere, moving = [], [], []
        for one in self.found:
            if one.command.name in MOVES:
                moving.append(one)
            elif type(one.namespace).__name__ == _EVERYWHERE:
                everywhere.append(one)
            else:
                here.append(one)
        parts = (("Here", here), ("Everywhere", everywhere), ("Moving", moving))
        said = [line for title, found in parts if found for line in _part(title, found, reader)]
        reader.read(content.lines(*said[:-1]))

    def action_back(self) -> None:
        self.dismiss()

    def action_help(self) -> None:
        self.dismiss()


def _part(title: str, found: list[Possible], reader: Reader) -> Iterator[Content]:
    yield content.line(title, "title")
    for one in found:
        keys = " ".join(sign(key) for key in one.command.keys.split(",") if sign(key))
        named = content.line(keys, "cyan").pad_right(_KEYS - len(keys))
        named += content.line(one.command.name, "bold")
        yield content.beside(named, one.command.help, _KEYS + _NAMES, reader.columns)
    yield Content("")
