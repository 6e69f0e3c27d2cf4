"""`tailboard prune`: deletes the history of finished work, and old facts on request."""

from datetime import datetime, timedelta

import click
from msgspec.structs import replace

from ingest.actions import Prune, PruneCounts
from ingest.cli.access import open_for_actions
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Column, Output
from ingest.cli.scope import moment
from ingest.exit_codes import Exit
from ingest.text import times
from ingest.text.numbers import pluralize, size


@click.command(cls=Command)
@click.option(
    "--older-than", metavar="TIME", help="Delete only what is older than this: 90d, 2026-01-01."
)
@click.option("--facts", is_flag=True, help="Also delete the facts of archived sessions.")
@reason_option
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, without deleting it.")
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
    """Deletes only finished work of files that are fully read: no batches that wait, failed or were
    given up, and nothing that could not be read again. Never touches Codex's own files. Without
    --older-than, the setting retention_days applies.
    """
    before = _before(invocation, older_than)
    action = Prune(before=before, facts=facts, reason=reason)
    with open_for_actions(invocation) as database:
        counts = database.act(replace(action, dry_run=True))
        done = False
        if not dry_run and not counts.nothing:
            if not invocation.options.json and not yes:
                _show(invocation.output, counts, facts=facts)
            if confirmed(invocation.output, f"Delete {_summary(counts)}?", yes=yes):
                counts = database.act(action)
                done = True
    body = {
        "done": done,
        "dry_run": dry_run,
        "before": counts.before,
        "batches": counts.batches,
        "moves": counts.moves,
        "samples": counts.samples,
        "runs": counts.runs,
        "facts": counts.facts,
        "sources": counts.sources,
        "kept": [{"why": why, "batches": count} for why, count in counts.kept.items()],
    }

    def show(output: Output) -> None:
        if counts.nothing:
            output.line("Nothing is old enough to delete.")
        if done:
            output.line(f"Deleted {_summary(counts)}.")
        elif dry_run:
            _show(output, counts, facts=facts)

    invocation.answer("prune", body, show)
    return Exit.DONE if done or dry_run or counts.nothing else Exit.ATTENTION


def _before(invocation: Invocation, text: str | None) -> datetime:
    before = moment(invocation, text, "--older-than", times.since)
    if before is None:
        days = invocation.settings.retention_days
        if not days:
            raise click.UsageError("Set an age: --older-than 90d, or the setting retention_days.")
        return invocation.now - timedelta(days=days)
    if before > invocation.now:
        raise click.BadParameter("That is in the future.", param_hint="--older-than")
    return before


def _summary(counts: PruneCounts) -> str:
    parts = [
        f"{counts.batches:,} finished batches with {pluralize(counts.moves, 'move')}",
        pluralize(counts.samples, "sample"),
    ]
    if counts.runs:
        parts.append(f"{pluralize(counts.runs, 'run')} of roles")
    if counts.facts:
        deleted = [source for source in counts.sources if source.why is None]
        parts.append(
            f"{pluralize(sum(counts.facts.values()), 'fact')} of {pluralize(len(deleted), 'file')}"
        )
    return ", ".join(parts)


def _show(output: Output, counts: PruneCounts, *, facts: bool) -> None:
    if counts.nothing and not counts.kept and not counts.sources:
        return
    output.fields(
        [
            ("older than", f"{counts.before:%Y-%m-%d %H:%M} UTC"),
            ("batches", f"{counts.batches:,} finished, with {pluralize(counts.moves, 'move')}"),
            ("samples", f"{counts.samples:,}"),
            ("runs of roles", f"{counts.runs:,}"),
            *((f"facts: {table}", f"{count:,}") for table, count in counts.facts.items()),
        ]
    )
    for why, count in counts.kept.items():
        output.line(f"Kept: {count:,} finished batches. {why}")
    if facts and counts.sources:
        output.line()
        output.table(
            [Column("SIZE", right=True), Column("FILE", least=24), Column("STAYS", least=12)],
            [[size(file.size), file.path, file.why or ""] for file in counts.sources],
        )
        output.line("Codex's files themselves stay; `tailboard reset` reads one again.")
