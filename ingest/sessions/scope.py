"""Which sessions are meant, and the moment they are judged at: values that statements can take."""

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
    """The moment things are judged at, and what counts as stalled and as idle then."""

    moment: datetime
    """Naive UTC, as the database keeps time."""
    stalls_after: timedelta
    idle_after: timedelta
