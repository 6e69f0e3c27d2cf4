"""The lines of Codex's file behind something, as they stand there, made harmless."""

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ingest.memory import raw
from ingest.memory.raw import Range
from ingest.wording.words import many
from tui import safe
from tui.commands import bind
from tui.feed import Failure, Found
from tui.pushed import Pushed
from tui.widgets.pane import Dashboarding
from tui.widgets.reader import Reader

LINES: Final = 200
_CHARS: Final = 4000


class RawScreen(Dashboarding, ModalScreen[None], Pushed[None]):
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
            box.border_title = safe.line(self.wanted.path).plain
            box.border_subtitle = "/ finds · y copies · Esc closes"
            yield Reader()

    def on_mount(self) -> None:
        self.query_exactly_one(Reader).read(safe.line("Reading …", "dim"))
        self.run_worker(self._read())

    async def _read(self) -> None:
        wanted = self.wanted
        match await self.dashboard.feed.answer(
            lambda _: list(islice(raw.lines(wanted), LINES + 1))
        ):
            case Found(lines):
                self._lines = lines[:LINES]
                self.query_exactly_one(Reader).read(safe.lines(*self._said(lines)))
            case Failure(_, message, hint, _):
                self.query_exactly_one(Reader).read(
                    safe.lines(safe.line(message, "red"), safe.line(hint))
                )

    def _said(self, lines: list[str]) -> Iterator[Content]:
        for line in lines[:LINES]:
            shown = line if len(line) <= _CHARS else f"{line[:_CHARS]}…"
            yield safe.line(shown)
            yield Content("")
        if len(lines) > LINES:
            yield safe.line(f"Only the first {many(LINES, 'line')} are shown.", "dim")
        if not lines:
            yield safe.line("There is no whole line here.", "dim")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))
        self.notify(f"Copied {many(len(self._lines), 'line')}.", markup=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_raw(self) -> None:
        self.dismiss()
