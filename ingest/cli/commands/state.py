"""`tailboard state`: the roadmap of a project as files: export, diff and import."""

from pathlib import Path
from typing import Final

import click

from ingest.batches.batch import Kind
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.auto_group import auto_group
from ingest.cli.commands.state_check import check, schema
from ingest.cli.commands.state_commits import commits
from ingest.cli.commands.state_reconcile import reconcile
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.gitignore_warning import warn_unless_ignored
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import project_option
from ingest.cli.output import Column, Output
from ingest.cli.state_files import (
    StateFile,
    built_state,
    export_folder,
    named_project,
    private_folder,
)
from ingest.exit_codes import Exit
from ingest.projects import exports
from ingest.projects.state.answers import answer_action
from ingest.projects.state.checkout import FILE, default_folder
from ingest.projects.state.merge import Resolution, StateDifference
from ingest.projects.state.write import write
from ingest.projects.tasks.edits import edit_action, edit_elsewhere
from ingest.text.numbers import pluralize

_file = click.argument("file", required=False, type=click.Path(path_type=Path))
_SAID: Final = {
    Resolution.APPLY: "will be imported",
    Resolution.KEPT: "database value kept",
    Resolution.CONFLICT: "changed in both; database value kept",
    Resolution.REFUSED: "cannot be changed by import",
}


@click.group(cls=Group)
def command() -> None:
    """Goals, tasks, dependencies, decisions and commits in `project_state.json`, and one file per
    session. The same facts give the same bytes, so a diff shows what changed.
    """


command.add_command(reconcile)
command.add_command(commits)
command.add_command(check)
command.add_command(schema)
command.add_command(
    auto_group(
        Kind.STATE,
        "Keep the state files of a project up to date automatically, in `docs/ai-state` of it or "
        "where they are.",
        "state files",
        lambda _, folder: default_folder(folder) / FILE,
    )
)


@command.command("export")
@project_option
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Output folder. Default: the folder `state` beside the database.",
)
@click.option(
    "--into",
    is_flag=True,
    help="Allow writing into a git repository; without --out: into `docs/ai-state` of the project, "
    "or where its state file is.",
)
@with_invocation
def export(invocation: Invocation, project: str | None, out: Path | None, into: bool) -> None:
    """Write the state of a project to files.

    Example: tailboard state export --project parser --out state
    """
    with open_for_actions(invocation) as database:
        label = named_project(invocation, database, project)
        if out is not None:
            folder = out.expanduser().absolute()
        elif into:
            folder = export_folder(invocation, database, label)
        else:
            folder = private_folder(invocation, label)
        exports.check_target(folder / FILE, into=into)
        paths = write(lambda also: built_state(invocation, database, label, also), folder)
        exports.record_exports(database, "state", paths)
    # One path of each kind: all session files are in one folder.
    warn_unless_ignored(invocation, folder, paths[:2])

    def show(output: Output) -> None:
        output.line(f"Wrote {pluralize(len(paths), 'file')} to {folder}.")

    invocation.answer("state", {"paths": paths, "changes": []}, show)


@command.command("diff")
@_file
@project_option
@with_invocation
def diff(invocation: Invocation, file: Path | None, project: str | None) -> None:
    """Show the differences between a state file and the database. Changes nothing.

    Example: tailboard state diff state/project_state.json
    """
    with open_for_reading(invocation) as access:
        found = StateFile(invocation, access, file, project)
        differences = found.tasks.changes(found.state, of_checkout=found.of_checkout)
    body = {"paths": [found.path], "changes": [_row(change) for change in differences]}
    invocation.answer("state", body, lambda output: _show(output, differences))


@command.command("import")
@_file
@project_option
@click.option("--dry-run", is_flag=True, help="Show what would be imported, without importing it.")
@yes_option
@with_invocation
def take(
    invocation: Invocation, file: Path | None, project: str | None, dry_run: bool, yes: bool
) -> int:
    """Import what a state file knows and the database does not: tasks of sessions on other
    machines, what people said about tasks, with their names, and what you changed in the file.
    Values that changed in the database after the export are kept, and nothing is deleted.

    Example: tailboard state import state/project_state.json --dry-run
    """
    with open_for_actions(invocation) as database:
        found = StateFile(invocation, database, file, project)
        differences = found.tasks.changes(found.state, of_checkout=found.of_checkout)
        wanted = [change for change in differences if change.edit or change.shared or change.answer]
        if not invocation.options.json:
            _show(invocation.output, differences)
        taken = (
            bool(wanted)
            and not dry_run
            and confirmed(invocation.output, f"Import {pluralize(len(wanted), 'change')}?", yes=yes)
        )
        if taken:
            for change in wanted:
                if change.shared is not None:
                    database.act(edit_elsewhere(change.shared))
                elif change.answer is not None:
                    database.act(answer_action(change.answer, found.tasks.label))
                elif change.edit is not None:
                    database.act(edit_action(change.task, change.edit))

    def show(output: Output) -> None:
        if taken:
            output.line(f"Imported {pluralize(len(wanted), 'change')}.")

    body = {
        "paths": [found.path],
        "changes": [_row(change) for change in differences],
        "dry_run": dry_run,
    }
    invocation.answer("state.import", body, show)
    unsettled = any(
        change.fate in (Resolution.CONFLICT, Resolution.REFUSED) for change in differences
    )
    left = bool(wanted) and not taken and not dry_run
    return Exit.ATTENTION if unsettled or left else Exit.DONE


def _row(change: StateDifference) -> dict[str, object]:
    return {
        name: getattr(change, name)
        for name in StateDifference.__struct_fields__
        if name not in ("edit", "shared", "answer")
    }


_COLUMNS: Final = (
    Column("TASK"),
    Column("WHAT"),
    Column("DATABASE", least=12),
    Column("FILE", least=12),
    Column("BY", least=4),
    Column("RESULT", least=10),
    Column("TEXT", least=16, spare=1),
)


def _show(output: Output, differences: list[StateDifference]) -> None:
    if not differences:
        output.line("The file and the database agree.")
        return
    output.table(
        _COLUMNS,
        [
            [
                change.task,
                change.what,
                change.database,
                change.file,
                change.by,
                _SAID[change.fate],
                change.text,
            ]
            for change in differences
        ],
    )
