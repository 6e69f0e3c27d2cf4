"""The clock, times as users type them (`7d`, `-24h`, `yesterday`, `2026-11-01`, epoch seconds), and
durations and ages as users see them.

Parsing is pure: the caller passes the current time and the time zone (default: the system's).
Results are naive UTC, as in the database. For a day, `since` returns its start and `until` its end.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ingest.errors import InvalidTime

Clock = Callable[[], datetime]
"""Returns the current time in naive UTC, as the database stores it."""


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def json_time(moment: object) -> str:
    """A naive UTC time for `json.dumps(…, default=json_time)`."""
    if not isinstance(moment, datetime):
        raise TypeError(type(moment))
    return moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMS = "7d, -24h, 90m, today, yesterday, 2026-11-01, 2026-11-01T14:00, or seconds since 1970"

_AGO = re.compile(r"-?([0-9]{1,6}) ?(s|m|min|h|d|w)").fullmatch
_EPOCH = re.compile(r"[0-9]{9,13}(?:\.[0-9]+)?").fullmatch
_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}").fullmatch
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MILLISECONDS_FROM = 10**11
"""Epoch numbers from here on are milliseconds: as seconds they would be after the year 5138."""


def since(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    return _point(text, now, zone, end=False)


def until(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    return _point(text, now, zone, end=True)


def future(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """A time in the future: `2h` from now, or a date and time."""
    moment = since(text, now, zone)
    if _AGO(text.strip().lower()):
        moment = _naive(now) + (_naive(now) - moment)
    if moment <= _naive(now):
        raise InvalidTime(f"{text!r} is in the past; write 2h, 3d, 2026-12-01T09:00.")
    return moment


def local_day(moment: datetime, zone: tzinfo | None = None) -> date:
    """The local day of a naive UTC time."""
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def bucket_minutes(zone: tzinfo | None = None) -> int:
    """The length of parts that make up the local days of a zone: an hour, or a quarter where the
    zone is not a whole number of hours from UTC."""
    seasons = (datetime(2026, month, 1, tzinfo=UTC).astimezone(zone) for month in (1, 7))
    offsets = (season.utcoffset() or timedelta() for season in seasons)
    return 15 if any(offset % timedelta(hours=1) for offset in offsets) else 60


def clock_time(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """A naive UTC time as local time: `17:40`, `Thu 17:40` within a week, else `2026-12-04`."""
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    days = abs((local.date() - local_day(now, zone)).days)
    if days >= 7:
        return f"{local:%Y-%m-%d}"
    return f"{local:%H:%M}" if days == 0 else f"{local:%a %H:%M}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{max(0.0, seconds):.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s" if whole < 600 else f"{whole // 60} m"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    days = whole // 86_400
    return f"{days} d" if days < 730 else f"{days * 4 // 1461} y"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now` this was; both are naive UTC."""
    return "never" if moment is None else f"{duration((now - moment).total_seconds())} ago"


def age(moment: datetime | None, now: datetime) -> str:
    """The age of `moment` in one unit, for a narrow column."""
    if moment is None:
        return ""
    seconds = max(0.0, (now - moment).total_seconds())
    number, unit = duration(seconds).split()[:2]
    return f"{number.split('.')[0]} {unit}"


def _point(text: str, now: datetime, zone: tzinfo | None, *, end: bool) -> datetime:
    word = text.strip().lower()
    try:
        if span := _AGO(word):
            return _naive(now) - timedelta(seconds=int(span[1]) * _UNITS[span[2]])
        if _EPOCH(word):
            seconds = float(word)
            if seconds >= _MILLISECONDS_FROM:
                seconds /= 1000
            return _naive(datetime.fromtimestamp(seconds, UTC))
        if word == "now":
            return _naive(now)
        if (day := _day(word, now, zone)) is not None:
            return _local(datetime.combine(day + timedelta(days=end), time.min), zone)
        moment = datetime.fromisoformat(word.upper())
        return _naive(moment) if moment.tzinfo else _local(moment, zone)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidTime(f"{text!r} is not a valid time; write {FORMS}.") from error


def _day(word: str, now: datetime, zone: tzinfo | None) -> date | None:
    today = local_day(_naive(now), zone)
    if word == "today":
        return today
    if word == "yesterday":
        return today - timedelta(days=1)
    return date.fromisoformat(word) if _DAY(word) else None


def _local(wall: datetime, zone: tzinfo | None) -> datetime:
    return _naive(wall.replace(tzinfo=zone) if zone else wall.astimezone())


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
