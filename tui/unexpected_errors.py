"""Unexpected errors, which nothing else has caught: logged and shown.

Promises that one such error does not end the dashboard: the screen is closed, and built again when
the person returns to it. Only a second error within a second ends the program: building the screen
again does not help then.
"""

import time
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message_pump import CallbackError
from textual.widgets import Static
from textual.worker import WorkerFailed

from ingest import log
from ingest.text.redact import mask
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import QueryFailure, failure_of
from tui.widgets.footer import Footer
from tui.widgets.pane import DashboardNode

TOO_SOON: Final = 1.0
"""Seconds; a second error within this time ends the program."""
MODE: Final = "unexpected-error"
"""The mode of the app that shows the error."""


def cause_of(error: BaseException) -> BaseException:
    """The error itself, without Textual's wrappers."""
    if isinstance(error, WorkerFailed):
        return cause_of(error.error)
    if isinstance(error, CallbackError) and error.__context__ is not None:
        return cause_of(error.__context__)
    return error


class UnexpectedErrors:
    def __init__(self, database: Path) -> None:
        self.log = log.beside(database)
        log.start(database)
        self.recorded: list[BaseException] = []
        """All errors of this run."""
        self._last = float("-inf")

    def handle(self, error: BaseException) -> QueryFailure | None:
        """Log an error. Returns how to show it, or None if it came too soon after another."""
        now = time.monotonic()
        too_soon, self._last = now - self._last < TOO_SOON, now
        failure = self.record(error)
        return None if too_soon else failure

    def record(self, error: BaseException) -> QueryFailure:
        """Log an error."""
        self.recorded.append(error)
        return failure_of(error)


class UnexpectedErrorScreen(DashboardNode, PushedScreen[None]):
    """Shown instead of the screen that failed, which is built again afterwards."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("reload", "copy", shown=True),
        *bind("back"),
    ]
    DEFAULT_CSS = """
    UnexpectedErrorScreen {
        background: $background;
        align: center middle;
        & > Vertical {
            width: 84; max-width: 96%; min-width: 16; height: auto; max-height: 90%;
            padding: 1 2; background: $surface; border: round $error;
        }
        & Static { height: auto; }
    }
    """

    def __init__(self, failure: QueryFailure, screen_name: str) -> None:
        super().__init__()
        self.failure, self.screen_name = failure, screen_name

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Unexpected error"
            yield Static(self._text())
        yield Footer()

    def _text(self) -> Content:
        log = str(self.dashboard.unexpected_errors.log)
        return content.lines(
            content.line(f"✗ {self.failure.code} on the screen “{self.screen_name}”", "red"),
            "",
            "Press Enter to reload the screen. Marks and open dialogs are lost.",
            "Ingestion continues, and no stored data is lost.",
            "",
            content.row(content.line("Written to", "dim"), content.line(log)),
            "Press y to copy the details for a bug report. They contain no session text.",
        )

    def action_reload(self) -> None:
        self.dashboard.go_to(self.screen_name)

    def action_back(self) -> None:
        self.action_reload()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(mask(self.failure.details))
        self.notify("Copied the details.", markup=False)
