"""What everybody shared, as the command line and the dashboard show it.

Texts of the store are masked again: another machine may know fewer kinds of secrets, and whoever
may write to the server may write anything.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from ingest.codex.liveness import judge
from ingest.db.query_reader import Row
from ingest.sessions.scope import Now
from ingest.sessions.session import Tokens
from ingest.team import schema
from ingest.team.membership import Membership
from ingest.team.postgres import Address, Store
from ingest.text.redact import mask

SCREENFUL: Final = 50
TOKENS: Final = Tokens.__struct_fields__
BY: Final = ("person", "project", "day", "model")
"""What a report may have one row for each of."""


def local(row: Row) -> Row:
    """A row of the store with masked texts, and with times as everywhere: in UTC, without saying
    so."""
    return {name: _local(value) for name, value in row.items()}


def _local(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return mask(value) if isinstance(value, str) else value


def sessions(rows: Iterable[Row], now: Now) -> list[Row]:
    """The sessions of these rows, with their states as of this time."""
    return [_session(local(row), now) for row in rows]


def _session(row: Row, now: Now) -> Row:
    judged = judge(
        row["state"],
        row["last_at"],
        None,
        waits_for_user=row.pop("waits"),
        now=now.moment,
        stalls_after=now.stalls_after,
        idle_after=now.idle_after,
    )
    used = {name: row.pop(name) for name in TOKENS}
    return {**row, "state": judged.state, "state_reason": judged.reason, "tokens": used}


# ── for the dashboard ───────────────────────────────────────────────────────────────────────────


_ROWS: Final = 500
"""Most rows of a list; the command line has more."""
_HITS: Final = 100
_SECONDS: Final = 10.0
"""Longest time for an answer: a person waits for it."""


class Question(Struct, frozen=True):
    """What the dashboard asks the store for."""

    noun: str
    """sessions, tasks, search or report"""
    words: str = ""
    """Of a search."""
    since: datetime | None = None
    by: str = BY[0]
    """Of a report."""


def ask(team: Membership, question: Question, now: Now) -> list[Row]:
    """The rows of the answer. May wait long: never call this on the UI thread."""
    if question.noun == "search" and not question.words.strip():
        return []
    with Store(Address(team.address), _SECONDS) as store, store.transaction():
        schema.check(store)
        return _answer(store, question, now)


def _answer(store: Store, question: Question, now: Now) -> list[Row]:
    anyone: dict[str, object] = {"who": None, "project": None}
    since = None if question.since is None else f"{question.since.isoformat()}Z"
    period = {"since": since, "until": None}
    page = {"limit": _ROWS, "offset": 0}
    match question.noun:
        case "sessions":
            return sessions(store.rows("read.sessions", **anyone, **period, **page), now)
        case "tasks":
            rows = store.rows("read.tasks", **anyone, all=False, **page)
        case "search":
            rows = store.rows(
                "read.search", words=question.words, project=None, kind=None, since=None,
                limit=_HITS, offset=0,
            )  # fmt: skip
            rows = [
                {name: value for name, value in row.items() if name not in ("score", "total")}
                for row in rows
            ]
        case _:
            rows = store.rows("read.report", by=question.by, project=None, **period)
    return [local(row) for row in rows]
