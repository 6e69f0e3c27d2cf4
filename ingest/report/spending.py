"""Where tokens and time went: by project, by session, by turn. One level at a time."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
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
    return [
        Spent(row["key"], row["name"], row["tokens"], row["seconds"], row["turns"],
              row["unsuccessful"])
        for row in rows
    ]  # fmt: skip


def by_session(access: NamedQueries, period: Period, project: str) -> list[Spent]:
    rows = access.rows("spending.sessions", **_limits(period), project=project, limit=MOST)
    return [
        Spent(row["key"], title_of(row["name"]) or UNTITLED, row["tokens"], row["seconds"],
              row["turns"], row["unsuccessful"], row["home"])
        for row in rows
    ]  # fmt: skip


def by_turn(access: NamedQueries, home: str, session: str) -> list[Spent]:
    """All turns of a session, whenever they were, and then its sub-agents."""
    of = {"home": home, "session": session}
    turns = [
        Spent(str(row["key"]), title_of(row["name"]) or "", row["tokens"], row["seconds"], 1,
              row["state"] not in ("completed", "open"), home, (row["source"], row["byte"]))
        for row in access.rows("spending.turns", **of)
    ]  # fmt: skip
    agents = [
        Spent(row["key"], f"{row['nickname'] or ''} {title_of(row['name']) or ''}".strip(),
              row["tokens"], row["seconds"], row["turns"], row["unsuccessful"], home, agent=True)
        for row in access.rows("spending.agents", **of)
    ]  # fmt: skip
    return turns + agents


def _limits(period: Period) -> dict[str, datetime | None]:
    return {"since": period.since, "until": period.until}
