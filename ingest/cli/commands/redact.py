"""`tailboard redact`: finds stored secrets and private text, and masks them."""

from pathlib import Path

import click
from msgspec import Struct

from ingest.actions import FindSecrets, StoredText
from ingest.cli.access import open_for_actions, open_for_writing
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command, Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Column, Output
from ingest.db.query_reader import NOTHING_YET
from ingest.db.redact_stored import backups, redact
from ingest.errors import Refused
from ingest.exit_codes import Exit
from ingest.projects.exports import exported_files, snapshots
from ingest.server.client import connect_to_owner
from ingest.server.owner_file import Role
from ingest.text.numbers import pluralize
from ingest.text.redact import count_by_kind


class Export(Struct, frozen=True):
    """An exported file, and the number of findings in it by kind."""

    path: str
    kinds: dict[str, int]


class RedactFindings(Struct, frozen=True):
    places: list[StoredText]
    exports: list[Export]
    copies: list[str]

    @property
    def total(self) -> int:
        return sum(place.count for place in self.places)


@click.group(cls=Group, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Secrets are masked before text is stored, and again in everything that is exported. This
    command finds those that older versions stored. Without a subcommand: scan.
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    code: int = ctx.invoke(scan_)
    return code


@command.command("scan", cls=Command)
@with_invocation
def scan_(invocation: Invocation) -> int:
    """Count secrets by kind and place, without showing them. Does not scan Codex's own files.

    Example: tailboard redact scan
    """
    findings = _find(invocation)
    invocation.answer("redact", _body(findings, 0), lambda output: _show(output, findings))
    return (
        Exit.ATTENTION
        if findings.total or any(export.kinds for export in findings.exports)
        else Exit.DONE
    )


@command.command("apply", cls=Command)
@click.option("--dry-run", is_flag=True, help="Show what would be masked, without doing it.")
@yes_option
@with_invocation
def apply_(invocation: Invocation, dry_run: bool, yes: bool) -> int:
    """Mask the secrets in the database and in edits.jsonl, and rewrite the database file so that
    the old bytes are gone.

    No other process may have the database open. Exports, backups and snapshots are listed, but not
    changed.

    Example: tailboard redact apply --dry-run
    """
    findings = _find(invocation)
    done, wanted = 0, bool(findings.total) and not dry_run
    if wanted:
        _check_unused(invocation)
        question = f"Mask {pluralize(findings.total, 'place')} permanently?"
        wanted = confirmed(invocation.output, question, yes=yes)
        if wanted:
            with open_for_writing(invocation) as database:
                done = redact(database)

    def show(output: Output) -> None:
        _show(output, findings)
        if done:
            output.line(f"Masked {pluralize(done, 'value')} and rewrote the database file.")

    invocation.answer("redact", _body(findings, done), show)
    return Exit.DONE if wanted or dry_run or not findings.total else Exit.ATTENTION


def _find(invocation: Invocation) -> RedactFindings:
    path = invocation.settings.db
    if not path.exists():
        invocation.output.note(NOTHING_YET)
        return RedactFindings([], [], [])
    with open_for_actions(invocation) as database:
        places = database.act(FindSecrets())
        files, copies = exported_files(database), snapshots(database)
    exports = [Export(str(file), count_by_kind(_text(file))) for file in files if file.is_file()]
    return RedactFindings(places, exports, [*map(str, (*backups(path), *copies))])


def _check_unused(invocation: Invocation) -> None:
    remote = connect_to_owner(invocation.settings.db)
    if remote is not None:
        with remote:
            pid, role = remote.host.pid, Role(remote.host.role)
        raise Refused(
            f"Process {pid} ({role}) has the database open, so the file cannot be rewritten.",
            f"End process {pid} and try again.",
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _body(findings: RedactFindings, done: int) -> dict[str, object]:
    kinds: dict[str, int] = {}
    for place in findings.places:
        kinds[place.kind] = kinds.get(place.kind, 0) + place.count
    return {
        "total": findings.total,
        "kinds": kinds,
        "places": findings.places,
        "exports": findings.exports,
        "copies": findings.copies,
        "masked": done,
    }


def _show(output: Output, findings: RedactFindings) -> None:
    if findings.places:
        output.table(
            [Column("WHERE"), Column("KIND"), Column("COUNT", right=True)],
            [
                [f"{place.table}.{place.column}".rstrip("."), place.kind, place.count]
                for place in findings.places
            ],
        )
    else:
        output.line("No unmasked secret of a known kind is stored.")
    for export in findings.exports:
        if export.kinds:
            kinds = ", ".join(f"{count} {kind}" for kind, count in export.kinds.items())
            output.line(f"{export.path}: {kinds}. Mask or delete this export yourself.")
    for copy in findings.copies:
        output.line(f"{copy} is an earlier copy of the database: not scanned, and not changed.")
    output.note("Codex's own files are not changed and may still contain secrets.")
