"""An error that nothing else has caught: it is logged and shown.

One error does not end the dashboard: the screens of that place are removed and created again. A
second one within a second ends it, because creating them again does not help.
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
"""Seconds; a second mistake within them ends the program."""
PLACE: Final = "mistake"
"""The mode in which nothing but the mistake is shown."""


def cause_of(error: BaseException) -> BaseException:
    """What went wrong, without what Textual put around it."""
    if isinstance(error, WorkerFailed):
        return cause_of(error.error)
    if isinstance(error, CallbackError) and error.__context__ is not None:
        return cause_of(error.__context__)
    return error


class UnexpectedErrors:
    def __init__(self, database: Path) -> None:
        self.log = log.beside(database)
        log.start(database)
        self.met: list[BaseException] = []
        """All of this run."""
        self._last = float("-inf")

    def meet(self, error: BaseException) -> QueryFailure | None:
        """Log it, and return what is shown; None if it came too soon after the last one."""
        now = time.monotonic()
        too_soon, self._last = now - self._last < TOO_SOON, now
        failure = self.note(error)
        return None if too_soon else failure

    def note(self, error: BaseException) -> QueryFailure:
        """Log it, and no more."""
        self.met.append(error)
        return failure_of(error)


class UnexpectedErrorScreen(DashboardNode, PushedScreen[None]):
    """In place of the screen where it happened, which is made anew when this one is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("go-on", "copy", shown=True),
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

    def __init__(self, failure: QueryFailure, place: str) -> None:
        super().__init__()
        self.failure, self.place = failure, place

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "A mistake of Tailboard's own"
            yield Static(self._said())
        yield Footer()

    def _said(self) -> Content:
        return content.lines(
            content.line(f"✗ {self.failure.code} on the screen “{self.place}”", "red"),
            "",
            "The screen is made anew when you press Enter; marks and open dialogs are lost.",
            "Reading goes on meanwhile, and nothing that was read is lost.",
            "",
            content.row(
                content.line("Written to", "dim"), content.line(str(self.dashboard.mistakes.log))
            ),
            content.line("Press y to copy the details for a report; they quote nothing of a log."),
        )

    def action_go_on(self) -> None:
        self.dashboard.go(self.place)

    def action_back(self) -> None:
        self.action_go_on()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(mask(self.failure.details))
        self.notify("Copied the details.", markup=False)
