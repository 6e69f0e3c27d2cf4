"""Why: the rows behind the figures at the top, and what each state was told from."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ingest.db.query_reader import QueryReader, Row
from ingest.sessions.scope import Now
from ingest.sessions.session import Session, label, unfinished_sessions
from ingest.text.units import pluralize, size
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import QueryFailure, QueryResult, Question
from tui.widgets.pane import DashboardNode
from tui.widgets.reader import Reader

SHOWN: Final = 20
_STATES: Final = ("running", "waiting", "stalled", "failed")
_TROUBLED: Final = ("damaged", "too_large", "unreadable", "missing")
_EVERYTHING: Final[dict[str, Any]] = {
    "kinds": None,
    "session": None,
    "words": [],
    "without": [],
}


def of_the_header(now: Now) -> "WhyScreen":
    """For the figures that are at the top of every screen."""
    nothing = "Nothing runs, nothing waits, and everything is read."
    return WhyScreen(behind_the_figures(now), "what the figures are made of", nothing)


def behind_the_figures(now: Now) -> Question[list[Content]]:
    def ask(reading: QueryReader) -> list[Content]:
        return [
            *_sessions(unfinished_sessions(reading, now)),
            *_sources(_some(reading, sort="behind"), "behind"),
            *_sources(_some(reading, states=list(_TROUBLED), sort=""), "troubled"),
            *_errors(reading.rows("pipeline.errors")),
        ]

    return ask


def _some(reading: QueryReader, *, sort: str, states: list[str] | None = None) -> list[Row]:
    found = reading.rows("pipeline.sources", states=states, sort=sort, **_EVERYTHING)
    ids = [row["id"] for row in found[:SHOWN]]
    rows = {row["id"]: row for row in reading.rows("pipeline.these_sources", ids=ids)}
    return [rows[one] for one in ids if one in rows]


def _sessions(sessions: list[Session]) -> Iterator[Content]:
    for state in _STATES:
        here = [one for one in sessions if one.state == state]
        if not here:
            continue
        yield content.state(state, len(here))
        for one in here[:SHOWN]:
            yield content.row(
                "  ", content.line(label(one), "bold"), content.line(one.project, "dim")
            )
            yield content.row("    ", content.line(one.state_reason))
        yield from _rest(len(here))


def _sources(rows: list[Row], which: str) -> Iterator[Content]:
    rows = [row for row in rows if which == "troubled" or row["behind"]]
    if not rows:
        return
    if which == "behind":
        yield content.line(f"Behind {size(sum(row['behind'] for row in rows))}", "yellow")
    else:
        yield content.line(f"{pluralize(len(rows), 'file')} that cannot be read", "red")
    for row in rows:
        said = size(row["behind"]) if which == "behind" else f"{row['state']}: {row['error'] or ''}"
        yield content.row("  ", content.line(said), content.line(row["path"], "dim"))


def _errors(rows: list[Row]) -> Iterator[Content]:
    if rows:
        yield content.line(
            f"{pluralize(sum(row['batches'] for row in rows), 'batch')} with an error", "red"
        )
    for row in rows[:SHOWN]:
        yield content.row("  ", content.line(f"{row['batches']:,} × {row['code']}"))
        yield content.row(
            "    ", content.line(row["message"] or ""), content.line(row["hint"] or "", "dim")
        )
    yield from _rest(len(rows))


def _rest(count: int) -> Iterator[Content]:
    if count > SHOWN:
        yield content.line(f"  and {pluralize(count - SHOWN, 'other')}", "dim")


class WhyScreen(DashboardNode, ModalScreen[None], PushedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bind("back", "why", "quit")]
    DEFAULT_CSS = """
    WhyScreen {
        align: center middle;
        & > Vertical {
            width: 92%; max-width: 120; height: 86%;
            background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, made_of: Question[list[Content]], title: str, nothing: str) -> None:
        super().__init__()
        self._made_of, self._title, self._nothing = made_of, title, nothing

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = f"Why: {self._title}"
            box.border_subtitle = "Esc closes"
            yield Reader()

    def on_mount(self) -> None:
        self.run_worker(self._ask())

    async def _ask(self) -> None:
        reader = self.query_exactly_one(Reader)
        match await self.dashboard.feed.answer(self._made_of):
            case QueryResult(lines):
                reader.read(content.lines(*(lines or [content.line(self._nothing)])))
            case QueryFailure(_, message, hint, _):
                reader.read(content.lines(content.line(message, "red"), content.line(hint)))

    def action_back(self) -> None:
        self.dismiss()

    def action_why(self) -> None:
        self.dismiss()
