"""`tailboard prune`: forget the history of finished work, and old facts where that is wanted."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import click
from msgspec.structs import replace

from ingest.cli.access import visit, writing
from ingest.cli.consent import agreed, yes_option
from ingest.cli.errors import Exit
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Column, Output
from ingest.store.retention import Forgotten
from ingest.wording import when
from ingest.wording.words import many, size
from ingest.worker.desk import Handler
from ingest.worker.forgetting import PRUNE, Wanted, ask, forgetting
from ingest.worker.homes import homes


@click.command(cls=Command)
@click.option("--older-than", metavar="TIME", help="Only what is older: 90d, 2026-01-01.")
@click.option("--facts", is_flag=True, help="Also what was read of archived sessions.")
@reason_option
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@yes_option
@with_invocation
def command(
    invocation: Invocation,
    older_than: str | None,
    facts: bool,
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Only ended work of files that are read to the end is forgotten: nothing that waits, failed
    or was given up, and nothing that could not be read again. Codex's own files are never touched.
    Without --older-than it is the setting retention_days that says what is old.
    """
    before = _before(invocation, older_than)
    wanted = Wanted(before, facts, getpass.getuser(), reason)
    with _hands(invocation) as act:
        found = ask(act, wanted)
        done = False
        if not dry_run and not found.nothing:
            if not invocation.options.json and not yes:
                _show(invocation.output, found, facts=facts)
            if agreed(invocation.output, f"Forget this, {_what(found)}?", yes=yes):
                found = ask(act, replace(wanted, only_look=False))
                done = True
    body = {
        "done": done,
        "dry_run": dry_run,
        "before": found.before,
        "batches": found.batches,
        "moves": found.moves,
        "samples": found.samples,
        "facts": found.facts,
        "sources": found.sources,
        "kept": [{"why": why, "batches": count} for why, count in found.kept.items()],
    }

    def show(output: Output) -> None:
        if found.nothing:
            output.line("There is nothing that old to forget.")
        if done:
            output.line(f"Forgot {_what(found)}.")
        elif dry_run:
            _show(output, found, facts=facts)

    invocation.answer("prune", body, show)
    return Exit.DONE if done or dry_run or found.nothing else Exit.ATTENTION


@contextmanager
def _hands(invocation: Invocation) -> Iterator[Handler]:
    """Who carries it out: the process that has the database, or this one."""
    settings = invocation.settings
    remote = visit(settings.db)
    if remote is not None:
        with remote:
            yield lambda values: remote.act(PRUNE, **values)
        return
    with writing(invocation) as database:
        yield forgetting(database, homes(settings.codex_homes), lambda: invocation.now)


def _before(invocation: Invocation, text: str | None) -> datetime:
    if text is None:
        days = invocation.settings.retention_days
        if not days:
            raise click.UsageError(
                "Say what is old: --older-than 90d, or the setting retention_days."
            )
        return invocation.now - timedelta(days=days)
    try:
        before = when.since(text, invocation.aware_now, invocation.zone)
    except when.NoTime as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from error
    if before > invocation.now:
        raise click.BadParameter("That is still to come.", param_hint="--older-than")
    return before


def _what(found: Forgotten) -> str:
    said = [
        f"{found.batches:,} ended batches with {many(found.moves, 'move')}",
        many(found.samples, "sample"),
    ]
    if found.facts:
        gone = [one for one in found.sources if one.why is None]
        said.append(f"{many(sum(found.facts.values()), 'fact')} of {many(len(gone), 'file')}")
    return ", ".join(said)


def _show(output: Output, found: Forgotten, *, facts: bool) -> None:
    if found.nothing and not found.kept and not found.sources:
        return
    output.fields(
        [
            ("older than", f"{found.before:%Y-%m-%d %H:%M} UTC"),
            ("batches", f"{found.batches:,} ended, with {many(found.moves, 'move')}"),
            ("samples", f"{found.samples:,}"),
            *((f"facts: {table}", f"{count:,}") for table, count in found.facts.items()),
        ]
    )
    for why, count in found.kept.items():
        output.line(f"Stays: {count:,} ended batches. {why}")
    if facts and found.sources:
        output.line()
        output.table(
            [Column("SIZE", right=True), Column("FILE", least=24), Column("STAYS", least=12)],
            [[size(one.size), one.path, one.why or ""] for one in found.sources],
        )
        output.line("The files themselves are Codex's and stay; `tailboard reset` reads one again.")
