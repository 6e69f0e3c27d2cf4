"""A dialog with the raw lines of a range of Codex's file, sanitized and masked."""

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ingest.sessions import raw_lines
from ingest.sessions.raw_lines import Range
from ingest.text.numbers import pluralize
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import QueryFailure, QueryResult
from tui.widgets.pane import DashboardNode
from tui.widgets.text_view import TextView

MAX_LINES: Final = 200
_MAX_CHARS: Final = 4000


class RawScreen(DashboardNode, ModalScreen[None], PushedScreen[None]):
    """Loads a range and shows its first lines."""

    BINDINGS: ClassVar[list[BindingType]] = [*bind("back", "copy", "raw", "quit")]
    DEFAULT_CSS = """
    RawScreen {
        align: center middle;
        & > Vertical {
            width: 96%; height: 92%; background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, range_: Range) -> None:
        super().__init__()
        self.range = range_
        self._lines: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = content.line(self.range.path).plain
            box.border_subtitle = "/ find · y copy · Esc close"
            yield TextView()

    def on_mount(self) -> None:
        self.query_exactly_one(TextView).set_text(content.line("Loading…", "dim"))
        self.start_worker(self._read)

    async def _read(self) -> None:
        range_ = self.range
        match await self.dashboard.queries.answer(
            lambda _: list(islice(raw_lines.masked_lines(range_), MAX_LINES + 1))
        ):
            case QueryResult(lines):
                self._lines = lines[:MAX_LINES]
                self.query_exactly_one(TextView).set_text(content.lines(*self._text(lines)))
            case QueryFailure(_, message, hint, _):
                self.query_exactly_one(TextView).set_text(
                    content.lines(content.line(message, "red"), content.line(hint))
                )

    def _text(self, lines: list[str]) -> Iterator[Content]:
        for line in lines[:MAX_LINES]:
            shown = line if len(line) <= _MAX_CHARS else f"{line[:_MAX_CHARS]}…"
            yield content.line(shown)
            yield Content("")
        if len(lines) > MAX_LINES:
            yield content.line(f"Only the first {pluralize(MAX_LINES, 'line')} are shown.", "dim")
        if not lines:
            yield content.line("There is no complete line here.", "dim")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))
        self.notify(f"Copied {pluralize(len(self._lines), 'line')}.", markup=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_raw(self) -> None:
        self.dismiss()
