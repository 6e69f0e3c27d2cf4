"""Small questions to a person: one line, or one of a few. Esc answers nothing."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui import safe
from tui.commands import bind

_BOX = """
    align: center middle;
    & > Vertical {
        width: 64; max-width: 90%; height: auto; max-height: 80%;
        padding: 1 2; background: $surface; border: round $border;
    }
    & Static { height: auto; color: $text-muted; }
"""


class Line(ModalScreen[str | None]):
    """Asks for one line."""

    BINDINGS: ClassVar[list[BindingType]] = bind("back")
    DEFAULT_CSS = f"Line {{ {_BOX} }}"

    def __init__(self, title: str, hint: str, value: str = "") -> None:
        super().__init__()
        self.title_, self.hint, self.value = title, hint, value

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = safe.line(self.title_).plain
            yield Static(safe.line(self.hint))
            yield Input(value=self.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_back(self) -> None:
        self.dismiss(None)


class OneOf(ModalScreen[str | None]):
    """Asks for one of a few; each has a name and a look."""

    BINDINGS: ClassVar[list[BindingType]] = bind("back")
    DEFAULT_CSS = f"OneOf {{ {_BOX} & OptionList {{ height: auto; max-height: 16; }} }}"

    def __init__(self, title: str, choices: Sequence[tuple[str, Content]]) -> None:
        super().__init__()
        self.title_, self.choices = title, choices

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = safe.line(self.title_).plain
            yield OptionList(*(Option(shown, id=name) for name, shown in self.choices))

    def on_mount(self) -> None:
        self.query_exactly_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_back(self) -> None:
        self.dismiss(None)
