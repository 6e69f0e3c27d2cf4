"""How far the search index, the tasks and derived rows are behind the facts. In a module of its
own, so that a command that only shows it does not load the engine of the index.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Query, Row
from ingest.text.numbers import pluralize
from ingest.text.times import duration

_SHOWN_SECONDS: Final = 5.0
"""A shorter lag is not worth a word."""
_SHOWN_SESSIONS: Final = 50
"""Fewer sessions are done in a few seconds."""
LAG_QUERY: Final[Query] = ("search_changes.lag", {})


class Lag(Struct, frozen=True):
    """What the index does not have yet."""

    seconds: float = 0.0
    """How long ago the oldest of it was stored."""
    sources: int = 0
    mark: str | None = None
    tasks: int = 0
    """Sessions whose tasks are not derived yet, or by another version of the program."""
    rows: int = 0
    """Sessions whose rows another version of the program derived: of lists, usage and reports."""
    unbuilt: int = 0
    """Files that an index built beside the one in use does not have yet."""


def behind_text(lag: Lag) -> str:
    """How far the index is behind, if that is worth a word: "search 12 s behind"."""
    if lag.seconds < _SHOWN_SECONDS:
        return ""
    return f"search {duration(lag.seconds)} behind"


def tasks_behind_text(lag: Lag) -> str:
    """How far the tasks are behind, if that is worth a word: "tasks 3,200 sessions behind"."""
    return f"tasks {lag.tasks:,} sessions behind" if lag.tasks >= _SHOWN_SESSIONS else ""


def rows_behind_text(lag: Lag) -> str:
    """How many rows are of another version: "lists 3,200 sessions behind"."""
    return f"lists {pluralize(lag.rows, 'session')} behind" if lag.rows else ""


def rebuilding_text(lag: Lag) -> str:
    """Whether a new index is built, while the old one is searched."""
    return f"a new index lacks {pluralize(lag.unbuilt, 'file')}" if lag.unbuilt else ""


def all_behind_texts(lag: Lag) -> list[str]:
    texts = (behind_text(lag), rows_behind_text(lag), tasks_behind_text(lag))
    return [text for text in texts if text]


def index_lag(access: NamedQueries, now: datetime) -> Lag:
    """The lag of the index in use alone."""
    return lag_from(access.rows("search_changes.index_lag"), now)


def lag(access: NamedQueries, now: datetime) -> Lag:
    return lag_from(access.rows(LAG_QUERY[0]), now)


def lag_from(rows: list[Row], now: datetime) -> Lag:
    """The lag from the answer to `LAG_QUERY`."""
    if not rows:
        return Lag()
    row = rows[0]
    oldest = row["oldest"]
    seconds = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Lag(**{name: row[name] for name in row if name != "oldest"}, seconds=seconds)
