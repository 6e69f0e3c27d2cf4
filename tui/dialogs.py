"""Questions to the person, over the screen: yes or no, a word to be typed, a text, a choice.

Promises that nothing is done by a key that is pressed in passing: the answer that changes nothing
has the focus, Esc gives it, and what cannot be taken back wants its word typed.
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
from tui.commands import AGREE
from tui.pushed_screen import PushedScreen
from tui.widgets.entry import Entry

T = TypeVar("T")


class Dialog(ModalScreen[T], PushedScreen[T], Generic[T]):
    """A box in the middle of the screen with a title, some lines, and what is below them."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 96%; min-width: 16; height: auto; max-height: 90%;
            padding: 1 2; background: $surface; border: round $primary;
        }
        & .title { text-style: bold; margin-bottom: 1; }
        & .said { height: auto; max-height: 16; overflow-y: auto; }
        & Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
        & Button { margin-left: 2; }
        & Input { margin-top: 1; }
        & OptionList { height: auto; max-height: 14; margin-top: 1; border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it")]
    AUTO_FOCUS = ""
    KEYS: ClassVar[str] = ""
    """What stands on the lower edge, where nothing else says it."""

    def __init__(self, title: Content | str, said: Sequence[Content | str] = ()) -> None:
        super().__init__()
        self._title = content.line(title, "bold") if isinstance(title, str) else title
        self._said = [content.line(one) if isinstance(one, str) else one for one in said]

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_subtitle = self.KEYS
            yield Static(self._title, classes="title")
            if self._said:
                yield Static(content.lines(*self._said), classes="said")
            yield from self.below()

    def below(self) -> ComposeResult:
        yield from ()

    def action_leave(self) -> None:
        self.dismiss(None)


class Confirm(Dialog[bool]):
    """Yes or no; no is what Enter, Esc and `n` say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", AGREE, "yes"),
        Binding("n", "leave", "no"),
        Binding("left,right,h,l", "app.focus_next", show=False),
    ]

    def __init__(
        self, title: Content | str, said: Sequence[Content | str] = (), *, yes: str = "Yes"
    ) -> None:
        super().__init__(title, said)
        self._yes = yes

    def below(self) -> ComposeResult:
        with Horizontal():
            yield Button(Content(f" {self._yes} (y) "), id="yes", compact=True)
            yield Button(Content(" No (Enter) "), id="no", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_agree(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)


class Ask(Dialog[str | None]):
    """One line of text, which may be nothing; None where the person thinks better of it."""

    KEYS = "Enter takes it · Esc leaves"

    def __init__(
        self,
        title: Content | str,
        said: Sequence[Content | str] = (),
        *,
        value: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(title, said)
        self._value, self._hint = value, hint

    def below(self) -> ComposeResult:
        yield Entry(value=self._value, placeholder=self._hint)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.answer(event.value.strip())

    def answer(self, said: str) -> None:
        self.dismiss(said)


class Typed(Ask):
    """A word that has to be typed, because what follows cannot be taken back by a key."""

    KEYS = ""

    def __init__(self, title: Content | str, said: Sequence[Content | str], *, word: str) -> None:
        wanted = content.line(
            f"Type {word} and press Enter to do it; Esc leaves everything as it is."
        )
        super().__init__(title, [*said, "", wanted])
        self._word = word

    def answer(self, said: str) -> None:
        if said == self._word:
            self.dismiss(said)
        else:
            self.notify(f"That is not “{self._word}”. Nothing was done.", markup=False)
            self.dismiss(None)


class Choose(Dialog[str | None]):
    """One of a few; each is an id and what it says."""

    KEYS = "Enter chooses · Esc leaves"

    def __init__(
        self,
        title: Content | str,
        choices: Sequence[tuple[str, Content | str]],
        said: Sequence[Content | str] = (),
    ) -> None:
        super().__init__(title, said)
        self._choices = choices

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def below(self) -> ComposeResult:
        yield OptionList(
            *(
                Option(content.line(said) if isinstance(said, str) else said, id=name)
                for name, said in self._choices
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
