"""The account's limits now: how much of each window is used, when it resets, and when it would be
empty at this pace.

Codex reports them while it works. Another machine may use the same account, so a figure is never
newer than the last report here; a window that has reset since counts as unused.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from ingest.codex.facts import MAIN_BUCKET
from ingest.db.query_reader import NamedQueries, Row
from ingest.text.times import ago, clock_time

_SINCE: Final = timedelta(days=35)
"""No window is longer than a month."""
_OLD: Final = timedelta(hours=1)
"""Older reports are shown with their age."""
WARN_PERCENT: Final = 80.0
_NAMES: Final = {1440: "day", 10_080: "week", 43_200: "month"}


class Limit(Struct, frozen=True):
    """The fields of `limits` in `status --json`, in their order."""

    name: str
    """Its length: `5 h`, `week`."""
    window_minutes: int | None
    used_percent: float
    """May exceed 100."""
    resets_at: datetime | None
    """None if it is not known, or if the window has reset since the last report."""
    empty_at: datetime | None
    """When it is used up at the pace of the last hour; None if it resets before."""
    as_of: datetime
    """When a session last reported it."""
    reset_at: datetime | None
    """When it reset after the last report."""
    bucket: str
    """`codex`, or the model or feature that has limits of its own."""
    plan: str | None
    home: str

    @property
    def warns(self) -> bool:
        return self.used_percent >= WARN_PERCENT


def load_limits(rows: NamedQueries, now: datetime) -> list[Limit]:
    """All windows that were reported in the last weeks, those of Codex itself first."""
    name, values = limits_query(now)
    return limits_from(rows.rows(name, **values), now)


def limits_query(now: datetime) -> tuple[str, dict[str, str]]:
    """The query whose rows `limits_from` takes."""
    return "limits.newest", {"since": (now - _SINCE).isoformat()}


def limits_from(rows: Iterable[Row], now: datetime) -> list[Limit]:
    return [_limit(row, now) for row in rows if row["as_of"] is not None]


def main_limits(limits: list[Limit]) -> list[Limit]:
    """The windows to show in one line: those of Codex itself, of the home that reported last."""
    own = [limit for limit in limits if limit.bucket == MAIN_BUCKET] or limits
    newest = max((limit.as_of for limit in own), default=None)
    homes = {limit.home for limit in own if limit.as_of == newest}
    return [limit for limit in own if limit.home in homes]


def limit_text(limit: Limit, now: datetime, zone: tzinfo | None = None) -> str:
    """`5 h 62 %, resets 17:40, empty at 16:55 at this pace`."""
    text = f"{limit.name} {limit.used_percent:.0f} %"
    if limit.reset_at is not None:
        return f"{text}, reset {clock_time(limit.reset_at, now, zone)}"
    if limit.resets_at is not None:
        text += f", resets {clock_time(limit.resets_at, now, zone)}"
    if limit.empty_at is not None:
        text += f", empty at {clock_time(limit.empty_at, now, zone)} at this pace"
    return f"{text} (as of {ago(limit.as_of, now)})" if now - limit.as_of > _OLD else text


def window_name(minutes: int | None) -> str:
    if minutes is None:
        return "limit"
    if minutes in _NAMES:
        return _NAMES[minutes]
    if minutes % 1440 == 0:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _limit(row: Row, now: datetime) -> Limit:
    minutes, resets_at, as_of = row["window_minutes"], row["resets_at"], row["as_of"]
    ends_at = resets_at
    if ends_at is None and minutes is not None:
        ends_at = as_of + timedelta(minutes=minutes)
    over = ends_at is not None and ends_at <= now
    return Limit(
        name=window_name(minutes),
        window_minutes=minutes,
        used_percent=0.0 if over else row["used_percent"],
        resets_at=None if over else resets_at,
        empty_at=None if over else _empty_at(row, now),
        as_of=as_of,
        reset_at=ends_at if over else None,
        bucket=row["bucket"],
        plan=row["plan"],
        home=row["home"] or "",
    )


def _empty_at(row: Row, now: datetime) -> datetime | None:
    used, earlier, resets_at = row["used_percent"], row["earlier_percent"], row["resets_at"]
    if earlier is None or resets_at is None or used >= 100 or used <= earlier:
        return None
    seconds = (row["as_of"] - row["earlier_at"]).total_seconds()
    if seconds <= 0:
        return None
    empty_at: datetime = row["as_of"] + timedelta(seconds=(100 - used) * seconds / (used - earlier))
    # A forecast that has passed without a report is no longer one.
    return empty_at if now < empty_at < resets_at else None
