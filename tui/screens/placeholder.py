"""Screens that are not there yet, and say which command answers meanwhile."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from tui import safe
from tui.frame import Frame
from tui.widgets.pane import Pane


class _Missing(Pane):
    def __init__(self, instead: str) -> None:
        super().__init__()
        self.instead = instead

    def compose(self) -> ComposeResult:
        yield Static(
            safe.lines(
                "This screen is not in this version.",
                safe.row("Meanwhile, in a shell:", safe.line(self.instead, "cyan"), gap=" "),
            )
        )


class _Placeholder(Frame):
    INSTEAD: ClassVar[str]
    DEFAULT_CSS = "_Missing { padding: 1 2; }"

    def panes(self) -> ComposeResult:
        yield _Missing(self.INSTEAD)


class InsightsScreen(_Placeholder):
    PLACE = "insights"
    INSTEAD = "tailboard report"
