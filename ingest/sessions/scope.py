"""Filters for sessions, and the time that states are computed for."""

from datetime import datetime, timedelta

from msgspec import Struct


class Scope(Struct, frozen=True):
    project: str | None = None
    branch: str | None = None
    session: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    offset: int = 0


class Now(Struct, frozen=True):
    """The time that states are computed for, and after how long a session is stalled or idle."""

    moment: datetime
    """Naive UTC, as the database keeps time."""
    stalls_after: timedelta
    idle_after: timedelta
