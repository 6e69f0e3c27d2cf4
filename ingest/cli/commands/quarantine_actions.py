"""The actions on rejected lines: read their files again, or export them."""

from pathlib import Path
from typing import Final

import click

from ingest.actions import ReadAgain
from ingest.batches.action import Selection, Verb
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.confirm import yes_option
from ingest.cli.export import export_rejects
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known, reason_option
from ingest.cli.output import Output
from ingest.cli.scope import session_id
from ingest.cli.start_over import start_over
from ingest.errors import NotFound
from ingest.exit_codes import Exit
from ingest.text.numbers import pluralize

_session = click.option(
    "--session",
    metavar="ID",
    shell_complete=known("session"),
    help="Only this session; a unique id prefix is enough.",
)


@click.command("retry", cls=Command)
@click.argument("ids", metavar="[ID]...", nargs=-1, shell_complete=known("reject"))
@_session
@reason_option
@click.option("--dry-run", is_flag=True, help="Show what would be read again, without doing it.")
@yes_option
@with_invocation
def retry(
    invocation: Invocation,
    ids: tuple[str, ...],
    session: str | None,
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Read the files with rejected lines again: all of them, or those of the given ids.

    Useful after an update of Tailboard. The meaning of a line depends on earlier lines, so each
    file is read again as a whole; see `tailboard reset`.

    Example: tailboard quarantine retry 3:1024 --dry-run
    """
    with open_for_actions(invocation) as database:
        session = session and session_id(database, session)
        rows = database.rows("quarantine.kept", ids=list(ids) or None, session=session, limit=None)
        _check_found(ids, [row["id"] for row in rows])
        action = ReadAgain(
            verb=Verb.QUARANTINE_RETRY,
            selection=Selection(ids=ids or None, session=session),
            sources=sorted({row["source"] for row in rows}),
            reason=reason,
        )
        return start_over(invocation, database, action, yes=yes, dry_run=dry_run)


@click.command("export", cls=Command)
@click.argument("ids", metavar="[ID]...", nargs=-1, shell_complete=known("reject"))
@_session
@click.option(
    "--out",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Output folder; created if it does not exist.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Export at most N lines.")
@with_invocation
def export_(
    invocation: Invocation,
    ids: tuple[str, ...],
    session: str | None,
    out: Path,
    limit: int | None,
) -> int:
    """Write the bytes of rejected lines to files. They are copied from Codex's file or, if that has
    changed since, from the stored beginning and end. Never overwrites a file.

    Example: tailboard quarantine export --out rejected
    """
    with open_for_reading(invocation) as reader:
        session = session and session_id(reader, session)
        rows = reader.rows("quarantine.kept", ids=list(ids) or None, session=session, limit=limit)
    _check_found(ids, [row["id"] for row in rows])
    result = export_rejects(rows, out)

    def show(output: Output) -> None:
        for file in result.written:
            output.line(str(file.path), "" if file.whole else "(beginning and end only)")
        for line in result.skipped:
            output.line(f"Skipped:  {line.id}. {line.why}")
        output.line(f"{pluralize(len(result.written), 'file')} written.")

    body = {"written": result.written, "skipped": result.skipped}
    invocation.answer("quarantine.export", body, show)
    return Exit.ATTENTION if result.skipped else Exit.DONE


VERBS: Final = (retry, export_)


def _check_found(named: tuple[str, ...], found: list[str]) -> None:
    missing = sorted(set(named) - set(found))
    if missing:
        raise NotFound(
            f"There is no rejected line {missing[0]!r}.", "`tailboard quarantine list` lists them."
        )
    if not found:
        raise NotFound("No line was rejected.", "`tailboard quarantine list` would list them.")
