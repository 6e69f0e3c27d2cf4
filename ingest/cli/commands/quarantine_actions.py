"""The actions on rejected lines: read their files again, or export their bytes."""

from pathlib import Path
from typing import Final

import click

from ingest.batches.action import Selection, Verb
from ingest.cli.access import open_for_reading
from ingest.cli.actions import action_runner, order_of
from ingest.cli.confirm import yes_option
from ingest.cli.export import ExportResult, export_rejects
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Output
from ingest.cli.scope import session_id
from ingest.cli.start_over import start_over
from ingest.errors import NotFound
from ingest.exit_codes import Exit
from ingest.text.units import pluralize

_session = click.option(
    "--session", metavar="ID", help="Only this session; a unique id prefix is enough."
)


@click.command("retry", cls=Command)
@click.argument("ids", metavar="[ID]...", nargs=-1)
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
    with action_runner(invocation) as runner:
        session = session and session_id(runner.access, session)
        rows = runner.access.rows(
            "quarantine.kept", ids=list(ids) or None, session=session, limit=None
        )
        _require_known(ids, [row["id"] for row in rows])
        sources = sorted({row["source"] for row in rows})
        action = order_of(
            Verb.QUARANTINE_RETRY, Selection(ids=ids or None, session=session), reason
        )
        return start_over(invocation, runner, action, sources, yes=yes, dry_run=dry_run)


@click.command("export", cls=Command)
@click.argument("ids", metavar="[ID]...", nargs=-1)
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
    with open_for_reading(invocation) as access:
        session = session and session_id(access, session)
        rows = access.rows("quarantine.kept", ids=list(ids) or None, session=session, limit=limit)
    _require_known(ids, [row["id"] for row in rows])
    done = export_rejects(rows, out)

    def show(output: Output) -> None:
        for line in done.written:
            output.line(str(line.path), "" if line.whole else "(beginning and end only)")
        for left in done.skipped:
            output.line(f"Skipped:  {left.id}. {left.why}")
        output.line(f"{pluralize(len(done.written), 'file')} written.")

    invocation.answer("quarantine", {"written": done.written, "skipped": done.skipped}, show)
    return Exit.DONE if done == ExportResult(done.written, []) else Exit.ATTENTION


VERBS: Final = (retry, export_)


def _require_known(named: tuple[str, ...], known: list[str]) -> None:
    missing = sorted(set(named) - set(known))
    if missing:
        raise NotFound(
            f"There is no rejected line {missing[0]!r}.", "`tailboard quarantine list` lists them."
        )
    if not known:
        raise NotFound("No line was rejected.", "`tailboard quarantine list` would list them.")
