"""Parses the period of a report: a range of time, or a version of Codex.

`2026-10-01..2026-11-01`, `..yesterday`, `7d..` (a side may be left out), one day (`yesterday`,
`2026-11-01`), or a version (`0.91.0`). Pure: now and the zone come in.
"""

import re
from datetime import datetime, tzinfo

from msgspec import Struct

from ingest.text import times

_VERSION = re.compile(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+.][0-9A-Za-z.+-]+)?)").fullmatch
FORMS = "FROM..TO (a side may be left out), one day, or a version of Codex such as 0.91.0"


class Period(Struct, frozen=True):
    name: str
    since: datetime | None = None
    until: datetime | None = None
    version: str | None = None


class InvalidPeriod(ValueError):
    """The text is no valid period."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(f"{text!r} is not a valid period; write {FORMS}.{why}")


def parse_period(text: str, now: datetime, zone: tzinfo | None = None) -> Period:
    said = text.strip()
    if version := _VERSION(said):
        return Period(said, version=version[1])
    first, dots, last = said.partition("..")
    if not (first or last):
        raise InvalidPeriod(text)
    try:
        if not dots:
            return _ordered(said, times.since(said, now, zone), times.until(said, now, zone))
        return _ordered(
            said,
            times.since(first, now, zone) if first else None,
            times.until(last, now, zone) if last else None,
        )
    except times.InvalidTime as error:
        raise InvalidPeriod(text) from error


def _ordered(name: str, since: datetime | None, until: datetime | None) -> Period:
    if since is not None and until is not None and since >= until:
        raise InvalidPeriod(
            name, " A period begins before it ends; one day is written as its date."
        )
    return Period(name, since, until)
