"""A scrollable text, with the movement keys of a list and a search for words.

It shows `Content` made by `tui.content`, wraps it, and keeps the scroll position when the text is
updated.
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
from tui.widgets.list_pane import FilterInput

_LINES_ABOVE_MATCH = 3


class _ScrollArea(VerticalScroll, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "down", "up", "top", "bottom", "half-down", "half-up", "page-down", "page-up"
    )
    DEFAULT_CSS = """
    _ScrollArea {
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


class TextView(Vertical):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("find", priority=True),
        *bind("next-match", "previous-match", "back"),
    ]
    DEFAULT_CSS = "TextView { height: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = Content("")
        self._words = ""
        self._matches: list[int] = []
        """Offsets in the text."""
        self._match_index = 0

    def compose(self) -> ComposeResult:
        with _ScrollArea():
            yield Static()
        line = FilterInput(placeholder="find in the text")
        line.display = False
        yield line

    @property
    def columns(self) -> int:
        """The width of its lines, also when a scrollbar is shown."""
        return self.size.width - 3

    def set_text(self, text: Content, *, scroll_to_top: bool = False) -> None:
        if text == self.text and not scroll_to_top:
            return
        self.text = text
        self._find(self._words)
        if scroll_to_top:
            self.query_exactly_one(_ScrollArea).scroll_to(y=0, animate=False, immediate=True)

    def _find(self, words: str) -> None:
        self._words = words
        plain, wanted = self.text.plain.lower(), words.lower()
        self._matches, start = [], plain.find(wanted) if wanted else -1
        while start >= 0:
            self._matches.append(start)
            start = plain.find(wanted, start + len(wanted))
        shown = self.text
        for i, start in enumerate(self._matches):
            style = "reverse bold" if i == self._match_index else "reverse"
            shown = shown.stylize(style, start, start + len(wanted))
        self.query_exactly_one(_ScrollArea).query_exactly_one(Static).update(shown)

    def _go_to_match(self, step: int) -> None:
        if self._matches:
            self._match_index = (self._match_index + step) % len(self._matches)
            self._find(self._words)
            line = self.text.plain.count("\n", 0, self._matches[self._match_index])
            top = max(0, line - _LINES_ABOVE_MATCH)
            self.query_exactly_one(_ScrollArea).scroll_to(y=top, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "find":
            return not isinstance(self.screen.focused, Input)
        if action in ("next_match", "previous_match"):
            return bool(self._matches)
        if action == "back":
            return bool(self._words) or self.query_exactly_one(FilterInput).has_focus
        return super().check_action(action, parameters)

    def action_find(self, words: str = "") -> None:
        line = self.query_exactly_one(FilterInput)
        line.open()
        self.screen.set_focus(line)
        if words:
            line.value = words

    @on(Input.Changed, "FilterInput")
    def _words_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._match_index = 0
        self._find(event.value.strip())

    @on(Input.Submitted, "FilterInput")
    def _words_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.set_focus(self.query_exactly_one(_ScrollArea))
        self._go_to_match(0)
        if self._words and not self._matches:
            self.notify(content.line(f"No match for “{self._words}”.").plain, markup=False)

    def action_next_match(self) -> None:
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        self._go_to_match(-1)

    def action_back(self) -> None:
        line = self.query_exactly_one(FilterInput)
        line.value = ""
        line.close()
        self._find("")
        self.screen.set_focus(self.query_exactly_one(_ScrollArea))
