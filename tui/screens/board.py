"""Board: what is going on, and what to do next. The tree of all sessions, and beside it the card
of the one under the cursor.
"""

import asyncio
import time
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.projects.resume.model import Resume
from ingest.sessions.session import label
from ingest.text.welcome import THINGS
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import QueryResult, Question
from tui.screens.board_card import Card, card, drawn, left, resume_command
from tui.screens.board_tree import BoardTree
from tui.summary import Summary, figures, summary
from tui.widgets.listing import Key
from tui.widgets.pane import Pane
from tui.widgets.reader import Reader
from tui.widgets.table import RowsNeeded, Table
from tui.widgets.tree_pane import TreePane, TreeTable

_WORD: Final = 7
"""Columns of a word with what follows beside it."""
STAYS: Final = 0.15
"""Seconds on a session, after which more than its card is asked for."""
LOOK_FURTHER: Final = 10.0
"""Seconds after which that is asked again, where something has changed."""


class Projects(TreePane):
    def __init__(self) -> None:
        self.board = BoardTree()
        super().__init__(TreeTable(self.board, titles=False, marks=False), known_as="board")
        self._noted: Content | None = None

    def question(self) -> Question[RowsNeeded]:
        self.board.at(self.dashboard.now)
        return super().question()

    def show(self, found: RowsNeeded) -> None:
        first = not self.table.length
        # Who waits for the person does not wait to be asked for.
        new = self.board.waiting().keys() - set(self.table.all_keys())
        self.table.take(found, at_once=any(key in new for key in found.keys))
        self.say_how_it_stands()
        if first and self.table.length > 1:
            # The first session says more than the name of its project.
            self.table.cursor = 1

    def tick(self) -> None:
        super().tick()
        if self.note() != self._noted:
            self.say_how_it_stands()

    def counted(self) -> str:
        return self.board.counted

    def note(self) -> Content | None:
        """Who waits for the person and is not on the screen: further up or down, or folded away."""
        waiting = [one for key, one in self.board.waiting().items() if not self.table.shows(key)]
        if not waiting:
            return None
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return content.row(
            content.glyph(SessionState.WAITING),
            content.line(f"waits for you: {label(waiting[0])}{more}", "yellow"),
            gap=" ",
        )

    def say_how_it_stands(self) -> None:
        self._noted = self.note()
        super().say_how_it_stands()

    def empty(self) -> Content:
        homes = ", ".join(map(str, self.dashboard.settings.codex_homes))
        return content.lines(
            content.line("No session yet.", "bold"),
            "",
            *(
                [content.line(f"✗ {said}", "red") for said in self.board.shut]
                or [
                    content.block(f"Start Codex in a project: it writes to {homes},"),
                    content.line("and what it writes shows up here at once."),
                ]
            ),
            content.row("Another home?", content.line("tailboard --codex-home PATH", "cyan")),
            "",
            content.line("Three things to know", "bold"),
            *(
                content.line(word, "title")
                + Content(" " * (_WORD - len(word)))
                + content.line(said)
                for word, said in THINGS
            ),
        )

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        line = self.table.line
        if line is not None and line.above is None and line.closed is not None:
            message.stop()
            self.turn(line.key)


class ResumeCard(Pane):
    BINDINGS: ClassVar[list[BindingType]] = bind("resume")

    def __init__(self, board: BoardTree) -> None:
        super().__init__()
        self.board = board
        self.about: Key | None = None
        self.card: Card | None = None
        self.more: Resume | None = None
        self._looked = 0.0

    def compose(self) -> ComposeResult:
        yield Reader()

    def question(self) -> Question[Card | None] | None:
        if self.about is None:
            return None
        board, about, now = self.board, self.about, self.dashboard.now

        def look(reading: QueryReader) -> Card | None:
            session = board.sessions.get(about)
            return card(reading, session, now) if session is not None else None

        return look

    def show(self, found: Card | None) -> None:
        before, self.card = self.card, found
        if before is None or found is None:
            self.screen.refresh_bindings()
        same = before is not None and found is not None and before.session.id == found.session.id
        if not same:
            self.more, self._looked = None, 0.0
        self._draw(anew=not same)
        if found is not None and found != before:
            # Never more often, but after the last change, too: what is shown must not stay behind.
            wait = max(STAYS, self._looked + LOOK_FURTHER - time.monotonic())
            self.run_worker(self._look_further(found.session.id, wait), group="more",
                            exclusive=True)  # fmt: skip

    def tick(self) -> None:
        if self.card is None:
            return
        now = self.dashboard.now
        later = replace(self.card, judged=now)
        if drawn(later, self.more) != drawn(self.card, self.more):
            self.card = later
            self._draw(anew=False)

    def _draw(self, *, anew: bool) -> None:
        said = content.line("This session is no more.", "dim")
        if self.card is not None:
            said = drawn(self.card, self.more)
        self.query_exactly_one(Reader).read(said, anew=anew)

    async def _look_further(self, session: str, wait: float) -> None:
        # Only where somebody stays: git is asked.
        await asyncio.sleep(wait)
        self._looked = time.monotonic()
        now, git = self.dashboard.now, self.dashboard.git
        answer = await self.dashboard.feed.answer(
            lambda reading: left(reading, session, now, git), slow=True
        )
        more = answer.value if isinstance(answer, QueryResult) else None
        if self.card is not None and self.card.session.id == session:
            self.more = more
            self._draw(anew=False)

    def say(self, text: Content) -> None:
        """Say this instead of a card."""
        self.about = self.card = self.more = None
        self.query_exactly_one(Reader).read(text, anew=True)
        self.screen.refresh_bindings()

    def copied(self) -> str:
        return drawn(self.card, self.more).plain if self.card else ""

    def copied_id(self) -> str:
        return self.card.session.id if self.card else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            return self.card is not None
        return super().check_action(action, parameters)

    def action_resume(self) -> None:
        if self.card is not None:
            self.copy_text(resume_command(self.card.session))


class BoardScreen(BaseScreen):
    PLACE = "board"
    BINDINGS: ClassVar[list[BindingType]] = bind("resume", "why")

    def panes(self) -> ComposeResult:
        yield (projects := Projects())
        yield ResumeCard(projects.board)

    def summary_question(self) -> Question[Summary]:
        board = self.query_exactly_one(Projects).board
        now = board.now or self.dashboard.now

        def look(reading: QueryReader) -> Summary:
            # The tree was asked a moment ago, of the same moment: it knows them all.
            states = board.states(now)
            return summary(reading, now) if states is None else figures(reading, states, now)

        return look

    @on(Table.Moved)
    def _moved(self, message: Table.Moved) -> None:
        shown = self.query_exactly_one(ResumeCard)
        key = message.key
        if key is None:
            shown.say(Content(""))
        elif key[0] == "project":
            shown.say(
                content.lines(content.line(key[1], "title"), "", "Enter opens and closes it.")
            )
        elif key != shown.about:
            shown.about = key
            self.ask_pane(shown)

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        from tui.screens.session import SessionScreen

        home, session = message.key
        self.app.push_screen(SessionScreen(home, session))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            cards = self.query(ResumeCard)
            return bool(cards) and cards.first().card is not None
        return super().check_action(action, parameters)

    def action_resume(self) -> None:
        self.query_exactly_one(ResumeCard).action_resume()

    def action_why(self) -> None:
        """Why it is said to stand so, and the last that it wrote."""
        from tui.screens.session import SessionScreen

        shown = self.query_exactly_one(ResumeCard).card
        if shown is not None:
            session = shown.session
            self.app.push_screen(SessionScreen(session.home_id, session.id, newest=True))
            said = content.line(f"{session.state}: {session.state_reason}").plain
            self.notify(said, markup=False)
        else:
            self.dashboard.action_why()
