"""Modal dialogs: confirm, type a word to confirm, enter a text, choose from a list.

Promises that no key pressed in passing changes anything: the safe answer has the focus, Esc gives
it, and what cannot be undone has to be confirmed by typing a word.
"""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from tui import content
from tui.commands import CONFIRM
from tui.pushed_screen import PushedScreen
from tui.widgets.text_input import TextInput

T = TypeVar("T")


class Dialog(ModalScreen[T], PushedScreen[T], Generic[T]):
    """A box in the middle of the screen with a title, an optional text and controls."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 96%; min-width: 16; height: auto; max-height: 90%;
            padding: 1 2; background: $surface; border: round $primary;
        }
        & .title { text-style: bold; margin-bottom: 1; }
        & .body { height: auto; max-height: 16; overflow-y: auto; }
        & Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        & Button { margin-left: 2; }
        & Input { margin-top: 1; }
        & OptionList { height: auto; max-height: 14; margin-top: 1; border: none; }
        & OptionList:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel")]
    AUTO_FOCUS = ""
    KEYS: ClassVar[str] = ""
    """Shown on the lower border, if the dialog does not show its keys otherwise."""

    def __init__(self, title: Content | str, body: Sequence[Content | str] = ()) -> None:
        super().__init__()
        self._title = content.line(title, "bold") if isinstance(title, str) else title
        self._body = [content.line(line) if isinstance(line, str) else line for line in body]

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_subtitle = self.KEYS
            yield Static(self._title, classes="title")
            if self._body:
                yield Static(content.lines(*self._body), classes="body")
            yield from self.controls()

    def controls(self) -> ComposeResult:
        yield from ()

    def action_cancel(self) -> None:
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """Yes or no. Enter, Esc and `n` mean no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", CONFIRM, "yes"),
        Binding("n", "cancel", "no"),
        Binding("left,right,h,l", "app.focus_next", show=False),
    ]

    def __init__(
        self, title: Content | str, body: Sequence[Content | str] = (), *, yes: str = "Yes"
    ) -> None:
        super().__init__(title, body)
        self._yes = yes

    def controls(self) -> ComposeResult:
        with Horizontal():
            yield Button(Content(f" {self._yes} (y) "), id="yes", compact=True)
            yield Button(Content(" No (Enter) "), id="no", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)


class InputDialog(Dialog[str | None]):
    """One line of text, which may be empty; None if the person cancels."""

    KEYS = "Enter confirms · Esc cancels"

    def __init__(
        self,
        title: Content | str,
        body: Sequence[Content | str] = (),
        *,
        value: str = "",
        placeholder: str = "",
    ) -> None:
        super().__init__(title, body)
        self._value, self._placeholder = value, placeholder

    def controls(self) -> ComposeResult:
        yield TextInput(value=self._value, placeholder=self._placeholder)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit(event.value.strip())

    def submit(self, text: str) -> None:
        self.dismiss(text)


class TypedConfirmDialog(InputDialog):
    """The person has to type a word, because what follows cannot be undone."""

    KEYS = ""

    def __init__(self, title: Content | str, body: Sequence[Content | str], *, word: str) -> None:
        instruction = content.line(f"Type {word} and press Enter to confirm. Esc cancels.")
        super().__init__(title, [*body, "", instruction])
        self._word = word

    def submit(self, text: str) -> None:
        if text == self._word:
            self.dismiss(text)
        else:
            self.notify(f"That is not “{self._word}”. Nothing was changed.", markup=False)
            self.dismiss(None)


class ChoiceDialog(Dialog[str | None]):
    """A choice from a list of (id, label) pairs."""

    KEYS = "Enter chooses · Esc cancels"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(
        self,
        title: Content | str,
        choices: Sequence[tuple[str, Content | str]],
        body: Sequence[Content | str] = (),
    ) -> None:
        super().__init__(title, body)
        self._choices = choices

    def controls(self) -> ComposeResult:
        yield OptionList(
            *(
                Option(content.line(label) if isinstance(label, str) else label, id=name)
                for name, label in self._choices
            )
        )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)
