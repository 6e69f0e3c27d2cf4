"""Shown when the database cannot be opened: what is wrong, where, and what can be done."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.supervisor import AGAIN_SECONDS, SupervisorProblem
from tui.widgets.footer import Footer
from tui.widgets.pane import DashboardNode


class RefusedScreen(DashboardNode, PushedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bind("try-again", "copy", "quit", shown=True)]
    DEFAULT_CSS = """
    RefusedScreen {
        background: $background;
        & > #said { width: 1fr; height: 1fr; padding: 2 4; }
    }
    """

    def __init__(self, trouble: SupervisorProblem) -> None:
        super().__init__()
        self.trouble = trouble

    def compose(self) -> ComposeResult:
        yield Static(self._said(), id="said")
        yield Footer()

    def tell(self, trouble: SupervisorProblem) -> None:
        self.trouble = trouble
        self.query_exactly_one("#said", Static).update(self._said())

    def _said(self) -> Content:
        path = str(self.dashboard.keeper.path)
        return content.lines(
            content.line("✗ The database cannot be opened", "red"),
            "",
            content.block(self.trouble.message),
            "",
            content.row(content.line("Database", "dim"), content.line(path)),
            "",
            content.line("What you can do", "title"),
            content.row(content.line("1", "bold"), content.block(self.trouble.hint)),
            content.row(
                content.line("2", "bold"),
                f"Press r to try again; by itself it is tried every {AGAIN_SECONDS:.0f} s.",
            ),
            content.row(
                content.line("3", "bold"),
                "Press q to leave, and run `tailboard doctor`: it looks at everything around.",
            ),
            "",
            content.line("Nothing was changed. Codex's files are only ever read.", "dim"),
        )

    def action_try_again(self) -> None:
        self.dashboard.keeper.try_again()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(f"{self.trouble.message}\n{self.trouble.hint}")
