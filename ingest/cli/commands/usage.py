"""`tailboard usage`: token usage by day, model, project or session."""

from collections.abc import Iterable
from datetime import datetime

import click
from msgspec import Struct

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Column, Output, StyledCell
from ingest.cli.scope import insist_on_project, scope_of
from ingest.db.query_reader import QueryReader, Row
from ingest.sessions.limits import load_limits
from ingest.sessions.scope import Scope
from ingest.sessions.session import id_length, title_of
from ingest.text.times import ago, bucket_minutes, clock_time, local_day

_LIMIT_COLUMNS = (
    Column("WINDOW"),
    Column("USED", right=True),
    Column("RESETS"),
    Column("EMPTY AT"),
    Column("AS OF"),
    Column("LIMIT", least=8),
    Column("PLAN", least=6),
)
_KINDS = ("input", "cached", "output", "reasoning", "total")
UNKNOWN = "unknown"


class Usage(Struct):
    key: str
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0

    def add(self, row: Row) -> None:
        for kind in _KINDS:
            setattr(self, kind, getattr(self, kind) + row[kind])


@click.command(cls=Command)
@click.option(
    "--by",
    type=click.Choice(["day", "model", "project", "session"]),
    default="day",
    show_default=True,
    help="What to group by.",
)
@click.option("--limits", "limits_only", is_flag=True, help="Show the account's limits instead.")
@filters("project", "branch", "session", "since", "until", "limit", "offset")
@with_invocation
def command(invocation: Invocation, by: str, only: Filters, *, limits_only: bool) -> None:
    """Each token counts once: history copied into a fork is left out. Input includes cached tokens,
    output includes reasoning. Days are in local time.

    `--limits` shows how much of each window of the account's limits is used, as Codex reported it
    last.
    """
    if limits_only:
        _answer_limits(invocation)
        return
    with open_for_reading(invocation) as access:
        scope = scope_of(invocation, access, only)
        rows = _rows(invocation, access, scope, by)
        if not rows:
            insist_on_project(invocation, access, only.project)
        total = Usage("total")
        for row in rows:
            total.add({kind: getattr(row, kind) for kind in _KINDS})
        rows = only.page(rows)
        names = [row.key for row in rows]
        titles = _titles(access, names) if by == "session" else None
        digits = id_length(access, names) if by == "session" else None

    def show(output: Output) -> None:
        if not rows:
            output.note("No token usage.")
            return
        columns = [Column(by.upper(), least=None if titles else 12)]
        columns += [Column("TITLE", least=12)] if titles else []
        columns += [Column(kind.upper(), right=True) for kind in _KINDS]
        table = [
            [
                row.key if row is total else row.key[:digits],
                *([titles.get(row.key)] if titles else []),
                *(getattr(row, kind) for kind in _KINDS),
            ]
            for row in (*rows, total)
        ]
        output.table(columns, table)

    body = {"by": by, "rows": rows, "total": {kind: getattr(total, kind) for kind in _KINDS}}
    invocation.answer("usage", body, show)


def _answer_limits(invocation: Invocation) -> None:
    with open_for_reading(invocation) as access:
        limits = load_limits(access, invocation.now)

    def clock(moment: datetime | None) -> str | None:
        return clock_time(moment, invocation.now, invocation.zone) if moment else None

    def show(output: Output) -> None:
        if not limits:
            output.note("No limits reported: they come with the token counts of Codex.")
            return
        output.table(
            _LIMIT_COLUMNS,
            [
                [
                    limit.name,
                    StyledCell(f"{limit.used_percent:.0f} %", "yellow" if limit.warns else None),
                    clock(limit.resets_at or limit.reset_at),
                    clock(limit.empty_at),
                    ago(limit.as_of, invocation.now),
                    limit.bucket,
                    limit.plan,
                ]
                for limit in limits
            ],
        )

    invocation.answer("usage.limits", {"limits": limits}, show)


def _titles(access: QueryReader, sessions: list[str]) -> dict[str, str | None]:
    rows = access.rows("usage.titles", sessions=sessions)
    return {row["id"]: title_of(row["title"]) for row in rows}


def _rows(invocation: Invocation, access: QueryReader, scope: Scope, by: str) -> list[Usage]:
    values = {
        "project": scope.project,
        "branch": scope.branch,
        "session": scope.session,
        "since": scope.since,
        "until": scope.until,
    }
    if by != "day":
        return _summed((row["key"], row) for row in access.rows("usage.by_name", by=by, **values))
    parts = access.rows("usage.by_time", **values, minutes=bucket_minutes(invocation.zone))
    return _summed(
        (local_day(row["key"], invocation.zone).isoformat() if row["key"] else None, row)
        for row in parts
    )


def _summed(rows: Iterable[tuple[str | None, Row]]) -> list[Usage]:
    """Rows summed by key, in the order in which the keys first appear."""
    sums: dict[str, Usage] = {}
    for key, row in rows:
        sums.setdefault(key or UNKNOWN, Usage(key or UNKNOWN)).add(row)
    return list(sums.values())
