"""A part of a screen that shows the answer to one question.

Says what to show and what to ask; when it is asked is for the screen. A question that failed is
told in its place, with a way to copy the details, and the other panes go on.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from ingest.text.redact import mask
from tui import content
from tui.commands import bind
from tui.query_runner import Answer, QueryFailure, Question

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

BUSY_AFTER: Final = 1.0
"""Seconds without an answer, after which that is said."""


class DashboardNode(DOMNode):
    """Whoever is part of the dashboard."""

    @property
    def dashboard(self) -> "Dashboard":
        return cast("Dashboard", self.app)


class Pane(DashboardNode, Vertical, can_focus=False):
    """A subclass answers `question` and `show`; what it composes is its own affair."""

    BINDINGS: ClassVar[list[BindingType]] = bind("copy", "copy-id")
    DEFAULT_CSS = """
    Pane {
        width: 1fr;
        height: 1fr;
        & > .head { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > .fault { display: none; padding: 1 2; }
        & > .busy {
            display: none; dock: bottom; height: 1; padding: 0 1;
            text-align: right; color: $foreground-muted;
        }
        &.-busy > .busy { display: block; }
        &.-failed > * { display: none; }
        &.-failed > .fault { display: block; }
    }
    """
    failure: QueryFailure | None = None
    asked_at: float | None = None
    """Since when its question has waited for an answer, by the clock that only counts on."""

    def head(self, text: Content) -> None:
        """A line above everything in the pane: what it shows."""
        found = list(self.query_children(".head").results(Static))
        if found:
            found[0].update(text)
        else:
            self.mount(Static(text, classes="head"), before=0)

    @property
    def settled(self) -> bool:
        """Whether nothing was typed that it does not show yet."""
        return True

    def question(self) -> Question[Any] | None:
        """What to ask now, as a pure function; it must not touch the pane. None to ask nothing."""
        return None

    def show(self, found: Any) -> None:
        """What the question was answered with."""

    def empty(self) -> Content:
        """What to say, and what to do, where there is nothing to show."""
        return content.line("Nothing here yet.", "dim")

    def tick(self) -> None:
        """Time has passed: whatever says how old something is says it anew."""

    def say_busy(self, monotonic: float) -> None:
        """Say how long it has waited for an answer, once that is long."""
        waited = monotonic - self.asked_at if self.asked_at is not None else 0.0
        self.set_class(waited >= BUSY_AFTER, "-busy")
        if waited >= BUSY_AFTER:
            said = content.line(f"◌ asking for {waited:.0f} s", "dim")
            found = list(self.query_children(".busy").results(Static))
            if found:
                found[0].update(said)
            else:
                self.mount(Static(said, classes="busy"))

    def answer(self, answer: Answer) -> None:
        """Called by the screen."""
        self.asked_at = None
        self.remove_class("-busy")
        if isinstance(answer, QueryFailure):
            self.fail(answer)
            return
        if self.failure is not None:
            self.failure = None
            self.remove_class("-failed")
        self.show(answer.value)

    def fail(self, failure: QueryFailure) -> None:
        self.failure = failure
        said = content.lines(
            content.line(f"✗ {failure.message}", "red"),
            content.line(failure.hint),
            content.line(f"[{failure.code}]  y copies the details", "dim"),
        )
        found = list(self.query_children(".fault").results(Static))
        if found:
            found[0].update(said)
        else:
            self.mount(Static(said, classes="fault"))
        self.add_class("-failed")

    def copied(self) -> str:
        """What `copy` copies."""
        return ""

    def copied_id(self) -> str:
        return self.copied()

    def action_copy(self) -> None:
        text = self.failure.details if self.failure else self.copied()
        self.copy_text(text)

    def action_copy_id(self) -> None:
        self.copy_text(self.copied_id())

    def copy_text(self, text: str) -> None:
        """Into the clipboard of the terminal (OSC 52), with secrets masked: it leaves the house."""
        if text:
            masked = mask(text)
            self.app.copy_to_clipboard(masked)
            note = "" if masked == text else " Secrets in it are masked."
            self.notify(f"Copied {len(masked):,} characters.{note}", markup=False, timeout=2)
