"""Filters for sessions, and the time that states are computed for."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from ingest.settings import Settings


class Scope(Struct, frozen=True):
    project: str | None = None
    folder: str | None = None
    """This folder and its subfolders."""
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
    live: bool = False
    """Whether it matters which Codex processes live."""
    asks_daemon: bool = False
    """Whether Codex's daemon is asked too."""


def now_for(settings: "Settings", moment: datetime) -> Now:
    """This moment, with the limits that the user has set."""
    return Now(
        moment,
        timedelta(minutes=settings.stall_minutes),
        timedelta(hours=settings.idle_hours),
        live=True,
        asks_daemon=settings.codex_daemon,
    )


FOREVER: Final = timedelta(days=36_500)
"""A limit that is never reached, so that nothing becomes stalled or idle by the clock."""
TIMELESS: Final = Now(datetime(2000, 1, 1), FOREVER, FOREVER)  # noqa: DTZ001
"""For documents that must not depend on the current time."""
