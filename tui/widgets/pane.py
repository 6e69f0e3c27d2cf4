"""A pane: a part of a screen that shows the result of one query.

A pane builds its query and draws the result; the screen decides when to run it. If a query fails,
the pane shows the error, whose details can be copied. The other panes are not affected.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.widgets import Static
from textual.worker import WorkType

from ingest.text.redact import mask
from tui import content
from tui.commands import bind
from tui.query_runner import Answer, Query, QueryFailure

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

BUSY_AFTER: Final = 1.0
"""Seconds after which a pane says that it is still waiting for its query."""


class DashboardNode(DOMNode):
    """A screen or widget of the dashboard."""

    @property
    def dashboard(self) -> "Dashboard":
        return cast("Dashboard", self.app)

    def start_worker(
        self,
        work: Callable[[], Coroutine[None, None, None]],
        group: str = "default",
        *,
        exclusive: bool = False,
    ) -> None:
        """Run it in a worker. Takes no coroutine: one that is cancelled before its start warns."""

        async def run() -> None:
            try:
                await work()
            except NoMatches:
                # Widgets below this one close first, and its workers are cancelled last.
                if self.is_attached and not self._pruning:
                    raise

        worker: WorkType[None] = run
        self.run_worker(worker, group=group, exclusive=exclusive)


class Pane(DashboardNode, Vertical, can_focus=False):
    """A subclass implements `build_query`, `show_result` and `compose`."""

    BINDINGS: ClassVar[list[BindingType]] = bind("copy", "copy-id")
    DEFAULT_CSS = """
    Pane {
        width: 1fr;
        height: 1fr;
        & > .heading { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > .failure { display: none; padding: 1 2; }
        & > .busy {
            display: none; dock: bottom; height: 1; padding: 0 1;
            text-align: right; color: $foreground-muted;
        }
        &.-busy > .busy { display: block; }
        &.-failed > * { display: none; }
        &.-failed > .failure { display: block; }
    }
    """
    TITLE: ClassVar[str] = ""
    """Shown on its border, on a wide screen."""
    failure: QueryFailure | None = None
    query_started_at: float | None = None
    """Monotonic time at which the running query was sent; None if none is running."""

    def on_mount(self) -> None:
        self.border_title = self.TITLE

    def _set_text(self, css_class: str, text: Content, before: int | None = None) -> None:
        """Update the line with this class, or create it."""
        existing = list(self.query_children(f".{css_class}").results(Static))
        if existing:
            existing[0].update(text)
        else:
            self.mount(Static(text, classes=css_class), before=before)

    def set_heading(self, text: Content) -> None:
        """Show a line above everything else in the pane."""
        self._set_text("heading", text, before=0)

    @property
    def settled(self) -> bool:
        """Whether everything that was typed is shown."""
        return True

    def build_query(self) -> Query[Any] | None:
        """The query to run now, a pure function that must not touch the pane; None for none."""
        return None

    def show_result(self, result: Any) -> None:
        """Draw the result of the query."""

    def empty_text(self) -> Content:
        """What to show, and what to do, when there is no data."""
        return content.line("Nothing here yet.", "dim")

    def tick(self) -> None:
        """Called every second: update whatever shows an age."""

    def show_busy(self, monotonic: float) -> None:
        """Say how long the query has been running, once that is long."""
        started = self.query_started_at
        waited = monotonic - started if started is not None else 0.0
        self.set_class(waited >= BUSY_AFTER, "-busy")
        if waited >= BUSY_AFTER:
            self._set_text("busy", content.line(f"◌ loading for {waited:.0f} s", "dim"))

    def set_answer(self, answer: Answer) -> None:
        """Show the result of the query, or why it failed. Called by the screen."""
        self.query_started_at = None
        self.remove_class("-busy")
        if isinstance(answer, QueryFailure):
            self.show_failure(answer)
            return
        if self.failure is not None:
            self.failure = None
            self.remove_class("-failed")
        self.show_result(answer.value)

    def show_failure(self, failure: QueryFailure) -> None:
        self.failure = failure
        self._set_text(
            "failure",
            content.lines(
                content.line(f"✗ {failure.message}", "red"),
                content.line(failure.hint),
                content.line(f"[{failure.code}]  y copies the details", "dim"),
            ),
        )
        self.add_class("-failed")

    def text_to_copy(self) -> str:
        """What `copy` copies."""
        return ""

    def id_to_copy(self) -> str:
        return self.text_to_copy()

    def action_copy(self) -> None:
        self.copy_text(self.failure.details if self.failure else self.text_to_copy())

    def action_copy_id(self) -> None:
        self.copy_text(self.id_to_copy())

    def copy_text(self, text: str) -> None:
        """Copy into the terminal's clipboard (OSC 52), with secrets masked: other programs can
        read it."""
        if text:
            masked = mask(text)
            self.app.copy_to_clipboard(masked)
            note = "" if masked == text else " Secrets are masked."
            self.notify(f"Copied {len(masked):,} characters.{note}", markup=False, timeout=2)
