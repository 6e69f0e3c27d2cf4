"""Builds the journal of a session, a day or a project from the database."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec
from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.projects.journal.decisions import load_decisions
from ingest.projects.journal.entries import Entries
from ingest.projects.journal.entry import PARTS, Period, Rules, build_entry
from ingest.projects.journal.model import Journal, JournalDecision, JournalEntry
from ingest.projects.safe_export import masked
from ingest.sessions.load import load_logs
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.session import Session, list_sessions
from ingest.text.redact import count_masked
from ingest.text.times import bucket_minutes, local_day


class Day(Struct, frozen=True):
    projects: set[str]
    sources: set[int]
    """The newest source of each session that is active on the day."""


def journal_rules(zone: tzinfo | None, turns: int) -> Rules:
    return Rules(masked, zone, turns)


def session_journal(rows: NamedQueries, session: str, rules: Rules) -> Journal:
    sessions = oldest_first(rows, Scope(session=session))
    entries = Entries(entries_of(rows, sessions, rules))
    title = entries[0].title if entries else session
    decisions = load_decisions(rows, sessions, rules.mask, session=session)
    return _journal("session", session, title, sessions, entries, decisions, rules)


def day_journal(
    rows: NamedQueries,
    day: date,
    rules: Rules,
    project: str | None = None,
    folder: str | None = None,
) -> Journal:
    title = f"Journal of {f'{project}, {day}' if project else day}"
    period = day_bounds(day, rules.zone)
    return _of_period(rows, ("day", day.isoformat(), title), period, rules, project, folder)


def period_journal(
    rows: NamedQueries, period: Period, rules: Rules, project: str | None = None
) -> Journal:
    """The journal of the turns that began in this period."""
    began = period[0].replace(tzinfo=UTC).astimezone(rules.zone)
    name = f"{began:%Y-%m-%d %H:%M}"
    title = f"Journal since {name}"
    return _of_period(rows, ("period", name, title), period, rules, project, None)


def _of_period(
    rows: NamedQueries,
    names: tuple[str, str, str],
    period: Period,
    rules: Rules,
    project: str | None,
    folder: str | None,
) -> Journal:
    began, ended = period
    sessions = oldest_first(rows, Scope(project=project, folder=folder, since=began, until=ended))
    entries = Entries(entries_of(rows, sessions, rules, period))
    decisions = load_decisions(rows, sessions, rules.mask, since=began, until=ended)
    return _journal(*names, sessions, entries, decisions, rules)


def project_journal(rows: NamedQueries, project: str, rules: Rules) -> Journal:
    sessions = oldest_first(rows, Scope(project=project))
    entries = Entries(entries_of(rows, sessions, rules))
    name = entries[0].project if entries else project
    decisions = load_decisions(rows, sessions, rules.mask)
    return _journal("project", name, f"Journal of {name}", sessions, entries, decisions, rules)


def oldest_first(rows: NamedQueries, scope: Scope) -> list[Session]:
    """The sessions of a document, in its order."""
    return sorted(
        list_sessions(rows, scope, TIMELESS),
        key=_order,
    )


def _order(session: Session) -> tuple[bool, datetime, str, str]:
    began = session.started_at
    return began is not None, began or TIMELESS.moment, session.id, session.home_id


def entries_of(
    rows: NamedQueries, sessions: Iterable[Session], rules: Rules, period: Period | None = None
) -> Iterator[JournalEntry]:
    """The entries of these sessions, or of their turns that began in this period."""
    for log in load_logs(rows, sessions, PARTS):
        if (entry := build_entry(log, rules, period)) is not None:
            yield entry


def journals_of(
    rows: NamedQueries, sessions: Iterable[Session], rules: Rules
) -> Iterator[tuple[Session, Journal]]:
    """A journal of each of these sessions, without what people did elsewhere."""
    for log in load_logs(rows, sessions, PARTS):
        if (entry := build_entry(log, rules)) is not None:
            one = log.session
            yield one, _journal("session", one.id, entry.title, [one], Entries([entry]), [], rules)


def newest_day(rows: NamedQueries, project: str | None, zone: tzinfo | None) -> date | None:
    """The last day on which a turn began; work after midnight belongs to that day."""
    row = rows.first_row("journal.newest", project=project)
    return local_day(row["began_at"], zone) if row and row["began_at"] else None


def list_days(
    rows: NamedQueries, zone: tzinfo | None, project: str | None = None, folder: str | None = None
) -> dict[date, Day]:
    """The days on which turns began, the newest first. `folder`: of sessions below it."""
    days: dict[date, Day] = {}
    values = {"project": project, "folder": folder, "minutes": bucket_minutes(zone)}
    for row in rows.rows("journal.days", **values):
        day = days.setdefault(local_day(row["time"], zone), Day(set(), set()))
        day.projects.add(row["project"])
        day.sources.update(row["sources"])
    return days


def _journal(
    kind: str,
    name: str,
    title: str,
    sessions: list[Session],
    entries: Entries,
    decisions: list[JournalDecision],
    rules: Rules,
) -> Journal:
    projects = {session.project for session in sessions}
    return Journal(
        title=rules.mask(title),
        kind=kind,
        name=name,
        project=projects.pop() if len(projects) == 1 else None,
        zone=zone_name(rules.zone, _newest(entries)),
        decisions=decisions,
        entries=entries,
        redacted=entries.redacted
        + sum(count_masked(msgspec.json.encode(part).decode()) for part in decisions),
    )


def _newest(entries: Iterable[JournalEntry]) -> datetime:
    times = [entry.started_at for entry in entries if entry.started_at]
    return max(times, default=datetime(2000, 1, 1))  # noqa: DTZ001 - naive UTC, as in the database


def zone_name(zone: tzinfo | None, moment: datetime) -> str:
    """The offset of the zone from UTC; unlike names of zones, it is unambiguous."""
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    distance = f"{local:%z}"
    return f"UTC{distance[:3]}:{distance[3:5]}" if local.utcoffset() else "UTC"


def day_bounds(day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """Begin and end of a day, in naive UTC as the database stores times."""
    return _utc(day, zone), _utc(day + timedelta(days=1), zone)


def _utc(day: date, zone: tzinfo | None) -> datetime:
    wall = datetime.combine(day, time.min)
    aware = wall.replace(tzinfo=zone) if zone else wall.astimezone()
    return aware.astimezone(UTC).replace(tzinfo=None)
