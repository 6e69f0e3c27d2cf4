"""Board: what is going on, and what to do next."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content

from ingest.memory.scope import Now, Scope
from ingest.memory.session import label, listed
from ingest.store.face import Reading
from ingest.wording.looks import LOOKS
from ingest.wording.words import ago, tokens
from tui import safe
from tui.frame import Frame
from tui.widgets.column import Column, Line, Styled
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import Few
from tui.widgets.table import Table


class Sessions(Few):
    columns = (
        Column("session", "Session", 20, grow=1),
        Column("tokens", "Tokens", 7, right=True, spare=1),
        Column("moved", "Moved", 12, right=True, spare=2),
    )

    def __init__(self, now: Now) -> None:
        super().__init__()
        self.now = now

    def all(self, reading: Reading) -> Sequence[Line]:
        return [
            Line(
                (session.home_id, session.id),
                (
                    (
                        Styled(LOOKS[session.state].glyph + " ", LOOKS[session.state].color),
                        label(session),
                    ),
                    tokens(session.tokens.total),
                    ago(session.last_at, self.now.moment),
                ),
                id=session.id,
            )
            for session in listed(reading, Scope(), self.now)
        ]


class Tree(ListPane):
    def empty(self) -> Content:
        return safe.lines(
            "No session yet.", "Start Codex in a project; it shows up here as it writes."
        )


class BoardScreen(Frame):
    PLACE = "board"

    def panes(self) -> ComposeResult:
        yield Tree(Table(Sessions(self.dashboard.now)), noun="session")
