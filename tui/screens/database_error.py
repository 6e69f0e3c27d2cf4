"""Shown when the database cannot be opened: why, where it is, and what to do."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.supervisor import RETRY_SECONDS, SupervisorProblem
from tui.widgets.footer import Footer
from tui.widgets.pane import DashboardNode


class DatabaseErrorScreen(DashboardNode, PushedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bind("try-again", "copy", "quit", shown=True)]
    DEFAULT_CSS = """
    DatabaseErrorScreen {
        background: $background;
        & > #text { width: 1fr; height: 1fr; padding: 2 4; }
    }
    """

    def __init__(self, problem: SupervisorProblem) -> None:
        super().__init__()
        self.problem = problem

    def compose(self) -> ComposeResult:
        yield Static(self._text(), id="text")
        yield Footer()

    def set_problem(self, problem: SupervisorProblem) -> None:
        self.problem = problem
        self.query_exactly_one("#text", Static).update(self._text())

    def _text(self) -> Content:
        path = str(self.dashboard.supervisor.path)
        return content.lines(
            content.line("✗ The database cannot be opened", "red"),
            "",
            content.block(self.problem.message),
            "",
            content.row(content.line("Database", "dim"), content.line(path)),
            "",
            content.line("What to do", "title"),
            content.row(content.line("1", "bold"), content.block(self.problem.hint)),
            content.row(
                content.line("2", "bold"),
                f"Press r to try again. Tailboard also tries again every {RETRY_SECONDS:.0f} s.",
            ),
            content.row(
                content.line("3", "bold"),
                "Press q to quit, and run `tailboard doctor`: it checks the whole environment.",
            ),
            "",
            content.line("Nothing was changed. Codex's files are only read.", "dim"),
        )

    def action_try_again(self) -> None:
        self.dashboard.supervisor.retry()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(f"{self.problem.message}\n{self.problem.hint}")
