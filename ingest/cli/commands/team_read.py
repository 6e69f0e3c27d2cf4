"""`tailboard team sessions`, `tasks`, `search` and `report`: what everybody shared."""

from datetime import datetime
from typing import Any, Final

import click

from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import moment
from ingest.cli.team_store import open_store, shared_project_id
from ingest.db.query_reader import Row
from ingest.sessions.session import UNTITLED
from ingest.team import read
from ingest.team.postgres import Store
from ingest.team.read import BY, SCREENFUL, TOKENS, local
from ingest.text import times
from ingest.text.numbers import pluralize, tokens
from ingest.text.times import ago

_ID_CHARS: Final = 13
_who = click.option("--who", metavar="NAME", help="Only of this person.")
_SESSION_COLUMNS: Final = (
    Column("WHO", least=6),
    Column("WHERE", least=6, spare=2),
    Column("ID"),
    Column("STATE"),
    Column("TITLE", least=16),
    Column("PROJECT", least=8),
    Column("BRANCH", least=6, spare=3),
    Column("TURNS", right=True, spare=1),
    Column("TOKENS", right=True),
    Column("LAST", right=True),
)
_TASK_COLUMNS: Final = (
    Column("WHO", least=6),
    Column("ID"),
    Column("STATE"),
    Column("TASK", least=20),
    Column("PROJECT", least=8),
    Column("OWNER", least=6, spare=1),
    Column("BRANCH", least=6, spare=2),
)
_REPORT_COLUMNS: Final = (
    Column("KEY", least=10),
    Column("SESSIONS", right=True),
    *(Column(name.upper(), right=True) for name in TOKENS),
)


def _page(invocation: Invocation, store: Store, only: Filters) -> dict[str, Any]:
    return {
        "project": shared_project_id(store, only.project),
        "since": _utc(moment(invocation, only.since, "--since", times.since)),
        "until": _utc(moment(invocation, only.until, "--until", times.until)),
        "limit": only.limit or SCREENFUL,
        "offset": only.offset,
    }


def _utc(time: datetime | None) -> str | None:
    return None if time is None else f"{time.isoformat()}Z"


@click.command("sessions", cls=Command)
@_who
@filters("project", "since", "until", "limit", "offset")
@with_invocation
def sessions(invocation: Invocation, who: str | None, only: Filters) -> None:
    """List everybody's shared sessions, most recently active first; 50 without --limit.

    Example: tailboard team sessions --since 7d
    """
    with open_store(invocation) as store:
        rows = store.rows("read.sessions", who=who, **_page(invocation, store, only))
    found = read.sessions(rows, invocation.judged)

    def show(output: Output) -> None:
        if found:
            output.table(
                _SESSION_COLUMNS, [_session_cells(output, one, invocation) for one in found]
            )
        else:
            output.note("Nobody shares a session like this.")

    invocation.answer("team.sessions", {"sessions": found}, show)


def _session_cells(output: Output, one: Row, invocation: Invocation) -> list[Cell]:
    return [
        one["who"],
        one["where"],
        one["id"][:_ID_CHARS],
        output.state(str(one["state"])),
        one["title"] or ("" if one["level"] == "figures" else UNTITLED),
        one["project"],
        one["branch"],
        one["turns"],
        tokens(one["tokens"]["total"]),
        ago(one["last_at"], invocation.now) if one["last_at"] else "",
    ]


@click.command("tasks", cls=Command)
@_who
@click.option("--all", "all_", is_flag=True, help="Also tasks that are done.")
@filters("project", "limit", "offset")
@with_invocation
def tasks(invocation: Invocation, who: str | None, all_: bool, only: Filters) -> None:
    """List everybody's shared tasks that are open; 50 without --limit.

    Example: tailboard team tasks --who Anna
    """
    with open_store(invocation) as store:
        page = _page(invocation, store, only)
        rows = store.rows(
            "read.tasks",
            who=who,
            all=all_,
            **{name: page[name] for name in ("project", "limit", "offset")},
        )
    found = [local(row) for row in rows]

    def show(output: Output) -> None:
        if not found:
            output.note("Nobody shares a task like this.")
            return
        output.table(
            _TASK_COLUMNS,
            [
                [one["who"], one["id"][:10], output.state(one["state"]), one["text"],
                 one["project"], one["owner"], one["branch"]]
                for one in found
            ],
        )  # fmt: skip

    invocation.answer("team.tasks", {"tasks": found}, show)


@click.command("search", cls=Command)
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(["session", "task", "journal", "memory"]),
    help="Only titles of sessions, tasks, journals, or turns with their messages and output.",
)
@filters("project", "since", "limit", "offset")
@with_invocation
def search(invocation: Invocation, query: tuple[str, ...], kind: str | None, only: Filters) -> None:
    """Search what everybody shared: words, "a phrase", -not this.

    Example: tailboard team search unicode parser
    """
    with open_store(invocation) as store:
        page = _page(invocation, store, only)
        page.pop("until")
        rows = store.rows("read.search", words=" ".join(query), kind=kind, **page)
    total = rows[0]["total"] if rows else 0
    hits = [local({key: value for key, value in row.items() if key != "total"}) for row in rows]

    def show(output: Output) -> None:
        for hit in hits:
            when = ago(hit["at"], invocation.now) if hit["at"] else ""
            output.line(hit["who"], hit["where"], hit["project"], hit["kind"], when, hit["title"])
            output.paragraph(hit["excerpt"] or "", "dim")
        output.note(f"{len(hits)} of {pluralize(total, 'hit')}." if hits else "No match.")

    invocation.answer("team.search", {"hits": hits, "total": total}, show)


@click.command("report", cls=Command)
@click.option("--by", type=click.Choice(BY), default=BY[0], show_default=True,
              help="One row for each of these.")  # fmt: skip
@filters("project", "since", "until")
@with_invocation
def report(invocation: Invocation, by: str, only: Filters) -> None:
    """Show everybody's shared tokens and sessions by person, project, day (UTC) or model.

    Example: tailboard team report --by project --since 30d
    """
    with open_store(invocation) as store:
        page = _page(invocation, store, only)
        period = {name: page[name] for name in ("project", "since", "until")}
        rows = [local(row) for row in store.rows("read.report", by=by, **period)]
    total = {name: sum(row[name] for row in rows) for name in TOKENS}

    def show(output: Output) -> None:
        if not rows:
            output.note("Nobody shares anything like this.")
            return
        lines = [*rows, {"key": "total", "sessions": None, **total}]
        output.table(
            _REPORT_COLUMNS,
            [
                [row["key"] or "unknown", row["sessions"], *(tokens(row[n]) for n in TOKENS)]
                for row in lines
            ],
        )

    invocation.answer("team.report", {"rows": rows, "total": total}, show)
