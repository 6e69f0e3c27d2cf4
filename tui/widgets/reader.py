"""A text to be read: it scrolls with the keys of a list, and finds words in itself.

What it holds is `Content` made by `tui.content`; it wraps, and keeps its place when it is
shown again.
"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui import content
from tui.commands import bind
from tui.widgets.list_pane import FilterLine


class _Sheet(VerticalScroll, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "down", "up", "top", "bottom", "half-down", "half-up", "page-down", "page-up"
    )
    DEFAULT_CSS = """
    _Sheet {
        height: 1fr; padding: 0 1; scrollbar-size-vertical: 1;
        & > Static { height: auto; }
    }
    """

    def action_down(self) -> None:
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        self.scroll_relative(y=-1, animate=False)

    def action_top(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        self.scroll_end(animate=False)

    def action_half_down(self) -> None:
        self.scroll_relative(y=self.size.height // 2, animate=False)

    def action_half_up(self) -> None:
        self.scroll_relative(y=-(self.size.height // 2), animate=False)

    def action_page_down(self) -> None:
        self.scroll_relative(y=self.size.height, animate=False)

    def action_page_up(self) -> None:
        self.scroll_relative(y=-self.size.height, animate=False)


class Reader(Vertical):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("find", priority=True),
        *bind("next-match", "previous-match", "back"),
    ]
    DEFAULT_CSS = "Reader { height: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = Content("")
        self._words = ""
        self._places: list[int] = []
        """Where in the text the words stand."""
        self._at = 0

    def compose(self) -> ComposeResult:
        with _Sheet():
            yield Static()
        line = FilterLine(placeholder="find in the text")
        line.display = False
        yield line

    @property
    def columns(self) -> int:
        """How wide its lines may be, also where there is more than fits."""
        return self.size.width - 3

    def read(self, text: Content, *, anew: bool = False) -> None:
        """Show this; `anew` from its beginning, else from where one was."""
        if text == self.text and not anew:
            return
        self.text = text
        self._find(self._words)
        if anew:
            self.query_exactly_one(_Sheet).scroll_to(y=0, animate=False, immediate=True)

    def _find(self, words: str) -> None:
        self._words = words
        plain, wanted = self.text.plain.lower(), words.lower()
        self._places, at = [], plain.find(wanted) if wanted else -1
        while at >= 0:
            self._places.append(at)
            at = plain.find(wanted, at + len(wanted))
        shown = self.text
        for i, place in enumerate(self._places):
            style = "reverse bold" if i == self._at else "reverse"
            shown = shown.stylize(style, place, place + len(wanted))
        self.query_exactly_one(_Sheet).query_exactly_one(Static).update(shown)

    def _go(self, by: int) -> None:
        if self._places:
            self._at = (self._at + by) % len(self._places)
            self._find(self._words)
            line = self.text.plain.count("\n", 0, self._places[self._at])
            self.query_exactly_one(_Sheet).scroll_to(y=max(0, line - 3), animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "find":
            return not isinstance(self.screen.focused, Input)
        if action in ("next_match", "previous_match"):
            return bool(self._places)
        if action == "back":
            return bool(self._words) or self.query_exactly_one(FilterLine).has_focus
        return super().check_action(action, parameters)

    def action_find(self, words: str = "") -> None:
        line = self.query_exactly_one(FilterLine)
        line.open()
        self.screen.set_focus(line)
        if words:
            line.value = words

    @on(Input.Changed, "FilterLine")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._at = 0
        self._find(event.value.strip())

    @on(Input.Submitted, "FilterLine")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.set_focus(self.query_exactly_one(_Sheet))
        self._go(0)
        if self._words and not self._places:
            self.notify(content.line(f"“{self._words}” is not in here.").plain, markup=False)

    def action_next_match(self) -> None:
        self._go(1)

    def action_previous_match(self) -> None:
        self._go(-1)

    def action_back(self) -> None:
        line = self.query_exactly_one(FilterLine)
        line.value = ""
        line.close()
        self._find("")
        self.screen.set_focus(self.query_exactly_one(_Sheet))
