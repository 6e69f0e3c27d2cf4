"""The `why` dialog: what a screen says about itself, and the sessions, files and errors that the
numbers of the header consist of.
"""

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
from ingest.text.numbers import pluralize, size
from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import Query, QueryFailure, QueryResult
from tui.widgets.pane import DashboardNode
from tui.widgets.text_view import TextView

MAX_SHOWN: Final = 20
_STATES: Final = ("running", "waiting", "stalled", "failed")
_UNREADABLE: Final = ("damaged", "too_large", "unreadable", "missing")
_NOTHING: Final = "No session is running or waiting, and everything is read."
_NO_FILTER: Final[dict[str, Any]] = {
    "kinds": None,
    "session": None,
    "words": [],
    "without": [],
}


def details(now: Now, here: Query[list[Content]] | None) -> "DetailsScreen":
    """What the screen explains, then what the numbers in the header consist of."""

    def query(reader: QueryReader) -> list[Content]:
        explained = here(reader) if here is not None else []
        return [
            *explained,
            *([Content("")] if explained else []),
            *_sessions(unfinished_sessions(reader, now)),
            *_sources(_first_sources(reader, sort="behind"), "behind"),
            *_sources(_first_sources(reader, states=list(_UNREADABLE), sort=""), "unreadable"),
            *_errors(reader.rows("pipeline.errors")),
        ]

    return DetailsScreen(query)


def _first_sources(reader: QueryReader, *, sort: str, states: list[str] | None = None) -> list[Row]:
    source_rows = reader.rows("pipeline.sources", states=states, sort=sort, **_NO_FILTER)
    ids = [row["id"] for row in source_rows[:MAX_SHOWN]]
    rows = {row["id"]: row for row in reader.rows("pipeline.these_sources", ids=ids)}
    return [rows[id_] for id_ in ids if id_ in rows]


def _sessions(sessions: list[Session]) -> Iterator[Content]:
    for state in _STATES:
        in_state = [session for session in sessions if session.state == state]
        if not in_state:
            continue
        yield content.state(state, len(in_state))
        for session in in_state[:MAX_SHOWN]:
            name = content.row(
                content.line(label(session), "bold"), content.line(session.project, "dim")
            )
            yield _indented(1, name)
            yield _indented(2, content.line(session.state_reason))
        yield from _rest(len(in_state))


def _sources(rows: list[Row], which: str) -> Iterator[Content]:
    rows = [row for row in rows if which == "unreadable" or row["behind"]]
    if not rows:
        return
    if which == "behind":
        yield content.line(f"Behind {size(sum(row['behind'] for row in rows))}", "yellow")
    else:
        yield content.line(f"{pluralize(len(rows), 'file')} that cannot be read", "red")
    for row in rows:
        text = size(row["behind"]) if which == "behind" else f"{row['state']}: {row['error'] or ''}"
        yield _indented(1, content.row(content.line(text), content.line(row["path"], "dim")))


def _errors(rows: list[Row]) -> Iterator[Content]:
    if rows:
        yield content.line(
            f"{pluralize(sum(row['batches'] for row in rows), 'batch')} with an error", "red"
        )
    for row in rows[:MAX_SHOWN]:
        yield _indented(1, content.line(f"{row['batches']:,} × {row['code']}"))
        why = content.row(content.line(row["message"]), content.line(row["hint"], "dim"))
        yield _indented(2, why)
    yield from _rest(len(rows))


def _rest(count: int) -> Iterator[Content]:
    if count > MAX_SHOWN:
        yield _indented(1, content.line(f"and {count - MAX_SHOWN:,} more", "dim"))


def _indented(level: int, text: Content) -> Content:
    return Content("  " * level) + text


class DetailsScreen(DashboardNode, ModalScreen[None], PushedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*bind("back", "why", "quit")]
    DEFAULT_CSS = """
    DetailsScreen {
        align: center middle;
        & > Vertical {
            width: 92%; max-width: 120; height: 86%;
            background: $surface; border: round $border;
        }
    }
    """

    def __init__(self, query: Query[list[Content]]) -> None:
        super().__init__()
        self._query = query

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Why: what states and numbers come from"
            box.border_subtitle = "Esc close"
            yield TextView()

    def on_mount(self) -> None:
        self.start_worker(self._load)

    async def _load(self) -> None:
        view = self.query_exactly_one(TextView)
        match await self.dashboard.queries.answer(self._query):
            case QueryResult(lines):
                view.set_text(content.lines(*(lines or [content.line(_NOTHING)])))
            case QueryFailure(_, message, hint, _):
                view.set_text(content.lines(content.line(message, "red"), content.line(hint)))

    def action_back(self) -> None:
        self.dismiss()

    def action_why(self) -> None:
        self.dismiss()
