"""Parses the period of a report: a range of time, or a version of Codex.

`2026-10-01..2026-11-01`, `..yesterday`, `7d..` (either side may be empty), one day (`yesterday`,
`2026-11-01`), or a version (`0.91.0`). Pure: now and the zone come in.
"""

import re
from datetime import datetime, tzinfo

from msgspec import Struct

from ingest.errors import InvalidPeriod, InvalidTime
from ingest.text import times

_VERSION = re.compile(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+.][0-9A-Za-z.+-]+)?)").fullmatch
FORMS = "FROM..TO (either side may be empty), one day, or a version of Codex such as 0.91.0"


class Period(Struct, frozen=True):
    name: str
    since: datetime | None = None
    until: datetime | None = None
    version: str | None = None


def parse_period(text: str, now: datetime, zone: tzinfo | None = None) -> Period:
    period = text.strip()
    if version := _VERSION(period):
        return Period(period, version=version[1])
    first, dots, last = period.partition("..")
    if not (first or last):
        raise _invalid(text)
    try:
        if not dots:
            return _ordered(period, times.since(period, now, zone), times.until(period, now, zone))
        return _ordered(
            period,
            times.since(first, now, zone) if first else None,
            times.until(last, now, zone) if last else None,
        )
    except InvalidTime as error:
        raise _invalid(text) from error


def _ordered(name: str, since: datetime | None, until: datetime | None) -> Period:
    if since is not None and until is not None and since >= until:
        raise _invalid(name, " A period begins before it ends; one day is written as its date.")
    return Period(name, since, until)


def _invalid(text: str, why: str = "") -> InvalidPeriod:
    return InvalidPeriod(f"{text!r} is not a valid period; write {FORMS}.{why}")
