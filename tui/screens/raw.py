"""The lines of Codex's file behind something, as they stand there, made harmless."""

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
from ingest.text.units import pluralize
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import QueryFailure, QueryResult
from tui.widgets.pane import DashboardNode
from tui.widgets.reader import Reader

LINES: Final = 200
_CHARS: Final = 4000


class RawScreen(DashboardNode, ModalScreen[None], PushedScreen[None]):
    """Reads a range beside the loop and shows its first lines."""

    BINDINGS: ClassVar[list[BindingType]] = [*bind("back", "copy", "raw", "quit")]
    DEFAULT_CSS = """
    RawScreen {
        align: center middle;
        & > Vertical {
            width: 96%; height: 92%; background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, wanted: Range) -> None:
        super().__init__()
        self.wanted = wanted
        self._lines: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = content.line(self.wanted.path).plain
            box.border_subtitle = "/ finds · y copies · Esc closes"
            yield Reader()

    def on_mount(self) -> None:
        self.query_exactly_one(Reader).read(content.line("Reading …", "dim"))
        self.run_worker(self._read())

    async def _read(self) -> None:
        wanted = self.wanted
        match await self.dashboard.feed.answer(
            lambda _: list(islice(raw_lines.masked_lines(wanted), LINES + 1))
        ):
            case QueryResult(lines):
                self._lines = lines[:LINES]
                self.query_exactly_one(Reader).read(content.lines(*self._said(lines)))
            case QueryFailure(_, message, hint, _):
                self.query_exactly_one(Reader).read(
                    content.lines(content.line(message, "red"), content.line(hint))
                )

    def _said(self, lines: list[str]) -> Iterator[Content]:
        for line in lines[:LINES]:
            shown = line if len(line) <= _CHARS else f"{line[:_CHARS]}…"
            yield content.line(shown)
            yield Content("")
        if len(lines) > LINES:
            yield content.line(f"Only the first {pluralize(LINES, 'line')} are shown.", "dim")
        if not lines:
            yield content.line("There is no whole line here.", "dim")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))
        self.notify(f"Copied {pluralize(len(self._lines), 'line')}.", markup=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_raw(self) -> None:
        self.dismiss()
