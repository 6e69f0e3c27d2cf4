"""How far the search index is behind the database. In a module of its own, so that a command that
only shows it does not load the engine of the index.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Query, Row
from ingest.text.times import duration

_SHOWN_SECONDS: Final = 5.0
"""A shorter lag is not worth a word."""
LAG_QUERY: Final[Query] = ("search_changes.lag", {})


class Lag(Struct, frozen=True):
    """What the index does not have yet."""

    seconds: float = 0.0
    """How long ago the oldest of it was stored."""
    sources: int = 0
    mark: str | None = None


def behind_text(lag: Lag) -> str:
    """How far the index is behind, if that is worth a word: "search 12 s behind"."""
    if lag.seconds < _SHOWN_SECONDS:
        return ""
    return f"search {duration(lag.seconds)} behind"


def lag(access: NamedQueries, now: datetime) -> Lag:
    return lag_from(access.rows(LAG_QUERY[0]), now)


def lag_from(rows: list[Row], now: datetime) -> Lag:
    """The lag from the answer to `LAG_QUERY`."""
    if not rows:
        return Lag()
    row = rows[0]
    oldest = row["oldest"]
    seconds = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Lag(seconds, row["sources"], row["mark"])
