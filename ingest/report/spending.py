"""Where tokens and time went: by project, by session, by turn. One level at a time."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.report.period import Period
from ingest.sessions.session import UNTITLED, title_of

MOST: Final = 200
"""Most rows of one level."""


class Spent(Struct, frozen=True):
    """What a project, a session with its sub-agents, or a turn took."""

    key: str
    """The id of a project or session, or the number of a turn."""
    name: str
    tokens: int
    seconds: float
    """In turns."""
    turns: int
    unsuccessful: int
    """How many of its turns failed, were interrupted or have no end."""
    home: str = ""
    """Of a session."""
    place: tuple[int, int] | None = None
    """Source and byte of a turn."""
    agent: bool = False
    """Whether it is a sub-agent of the session."""


def by_project(access: NamedQueries, period: Period) -> list[Spent]:
    rows = access.rows("spending.projects", **_limits(period), limit=MOST)
    return [_spent(row, row["name"]) for row in rows]


def by_session(access: NamedQueries, period: Period, project: str) -> list[Spent]:
    rows = access.rows("spending.sessions", **_limits(period), project=project, limit=MOST)
    return [_spent(row, title_of(row["name"]) or UNTITLED, home=row["home"]) for row in rows]


def by_turn(access: NamedQueries, home: str, session: str) -> list[Spent]:
    """All turns of a session, whenever they were, and then its sub-agents."""
    of = {"home": home, "session": session}
    turns = [
        Spent(str(row["key"]), title_of(row["name"]) or "", row["tokens"], row["seconds"], 1,
              row["state"] not in ("completed", "open"), home, (row["source"], row["byte"]))
        for row in access.rows("spending.turns", **of)
    ]  # fmt: skip
    agents = [
        _spent(row, f"{row['nickname'] or ''} {title_of(row['name']) or ''}".strip(), home, True)
        for row in access.rows("spending.agents", **of)
    ]
    return turns + agents


def _spent(row: Row, name: str, home: str = "", agent: bool = False) -> Spent:
    return Spent(
        row["key"], name, row["tokens"], row["seconds"], row["turns"], row["unsuccessful"], home,
        agent=agent,
    )  # fmt: skip


def _limits(period: Period) -> dict[str, datetime | None]:
    return {"since": period.since, "until": period.until}
