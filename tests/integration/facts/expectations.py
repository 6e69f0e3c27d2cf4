"""The facts of a home that was read in one go: rows of views, and sessions by their prompts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from tests.facts_dump import dump

Row = dict[str, Any]
TOKENS = ("input", "cached", "output", "reasoning", "total")


@contextmanager
def owner(home: Path, database: Path, tuning: RunSettings | None = None) -> Iterator[Owner]:
    with Database(database) as opened:
        yield Owner(opened, homes([home]), tuning)


class StoredHome:
    """All facts of one home, held in memory."""

    def __init__(self, home: Path, database: Path) -> None:
        with owner(home, database) as reading:
            self.report = reading.read_once()
            self._tables = {name: _rows(reading.database, name) for name in VIEWS}
            self.dump = list(dump(reading.database))

    def rows(self, view: str, session: str | None = None, **where: object) -> list[Row]:
        """The rows of a view with these values, in the order of the file."""
        key = "id" if view == "sessions" else "session"
        return [
            row
            for row in self._tables[view]
            if (session is None or row[key] == session)
            and all(row[name] == value for name, value in where.items())
        ]

    def session(self, title: str) -> Row:
        """The only session of this title."""
        (row,) = self.rows("sessions", title=title)
        return row

    def of(self, view: str, session: str, *columns: str, **where: object) -> list[tuple[Any, ...]]:
        """Some columns of the rows of a session in a view."""
        rows = self.rows(view, session, **where)
        return [tuple(row[column] for column in columns) for row in rows]

    def messages_of(self, session: str) -> list[tuple[str, str]]:
        return [(role, text) for role, text in self.of("messages", session, "role", "text")]

    def plans(self, session: str) -> list[tuple[bool, str | None, list[tuple[str, str]]]]:
        """Each revision: whether Codex accepted it, its explanation, and its steps."""
        found: dict[tuple[int, int], tuple[bool, str | None, list[tuple[str, str]]]] = {}
        for row in self.rows("plan_steps", session):
            steps: list[tuple[str, str]] = []
            key = (row["source"], row["revision"])
            _, _, steps = found.setdefault(key, (row["accepted"], row["explanation"], steps))
            steps.append((row["text"], row["status"]))
        return list(found.values())

    def states(self, session: str) -> list[str]:
        return [row["state"] for row in self.rows("turns", session)]

    def tokens(self, session: str) -> tuple[int, ...]:
        (row,) = self.rows("sessions", session)
        return tuple(row[name] for name in TOKENS)


ORDER = {
    "sessions": "started_at, id",
    "names": "session",
    "plan_steps": "source, byte, revision, step",
    "agents": "source, byte, child",
    "files": "source, byte, path",
    "sources": "id",
}
VIEWS = (
    "sessions",
    "sources",
    "turns",
    "messages",
    "calls",
    "files",
    "plan_steps",
    "goals",
    "agents",
    "events",
    "usage",
    "prompts",
    "names",
    "rejects",
)


def _rows(database: Database, view: str) -> list[Row]:
    order = ORDER.get(view, "source, byte")
    # Views and orders are the constants above.
    found = database.reader().execute(f"select * from v_{view} order by {order}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
