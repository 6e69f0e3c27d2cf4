"""A mistake of the program's own that nothing else has caught: it is written down, and shown.

Promises that one mistake does not end the dashboard: what was on display is thrown away and made
anew. Only a second one within a second ends it; then making it anew does not help. The log is for
the owner of the database only, masked, and does not grow without end.
"""

import contextlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message_pump import CallbackError
from textual.widgets import Static
from textual.worker import WorkerFailed

import ingest
from ingest.text.redact import mask
from ingest.text.sanitize import one_line, truncate
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import QueryFailure, failure_of
from tui.widgets.footer import Footer
from tui.widgets.pane import DashboardNode

TOO_SOON: Final = 1.0
"""Seconds; a second mistake within them ends the program."""
LARGEST: Final = 256 * 1024
"""Bytes of the log; then its older half goes."""
_ENTRY: Final = 16 * 1024
_WORDS: Final = 500
PLACE: Final = "mistake"
"""The mode in which nothing but the mistake is shown."""


def beside(database: Path) -> Path:
    return database.with_name(f"{database.name}.errors.log")


def cause_of(error: BaseException) -> BaseException:
    """What went wrong, without what Textual put around it."""
    if isinstance(error, WorkerFailed):
        return cause_of(error.error)
    if isinstance(error, CallbackError) and error.__context__ is not None:
        return cause_of(error.__context__)
    return error


class UnexpectedErrors:
    def __init__(self, database: Path) -> None:
        self.log = beside(database)
        self.met: list[BaseException] = []
        """All of this run."""
        self._last = float("-inf")

    def meet(self, error: BaseException) -> QueryFailure | None:
        """Write it down; how it is told, or None where it came too soon after the last one."""
        now = time.monotonic()
        too_soon, self._last = now - self._last < TOO_SOON, now
        failure = self.note(error)
        return None if too_soon else failure

    def note(self, error: BaseException) -> QueryFailure:
        """Write it down, and no more."""
        self.met.append(error)
        failure = failure_of(error)
        # The words of the error only here: they may quote what was read, and a copy goes out.
        words = truncate(one_line(mask(str(error))), _WORDS)
        head = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} tailboard {ingest.__version__}"
        with contextlib.suppress(OSError):
            write(self.log, f"{head}\n{words}\n{mask(failure.details)}\n"[:_ENTRY])
        return failure


def write(path: Path, text: str) -> None:
    """Add it to the log; its older half goes first where that has grown too large."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0) as file:
        os.fchmod(file.fileno(), 0o600)
        if file.seek(0, os.SEEK_END) > LARGEST:
            file.seek(-LARGEST // 2, os.SEEK_END)
            kept = file.read()
            file.truncate(0)
            file.write(kept)
        file.write(text.encode("utf-8", "replace"))


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
