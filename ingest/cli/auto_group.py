"""`auto on|off` of a command: whether files of a project are written automatically."""

from collections.abc import Callable
from pathlib import Path

import click

from ingest.batches.batch import Kind
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.gitignore_warning import warn_unless_ignored
from ingest.cli.group import Command, Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import project_option
from ingest.cli.output import Column, Output
from ingest.cli.scope import find_project, project_at, project_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects import exports


def auto_group(
    kind: Kind, sentence: str, files: str, target: Callable[[Invocation, Path], Path]
) -> Group:
    """`sentence` is the first one of the help, `files` what is written; `target` is a file that
    will be written for the project in a folder."""
    words = f"tailboard {kind} auto"

    @click.pass_context
    @with_invocation
    def auto(invocation: Invocation, ctx: click.Context) -> None:
        if ctx.invoked_subcommand is not None:
            return
        with open_for_reading(invocation) as access:
            switched_on = exports.auto_exports(access, kind)

        def show(output: Output) -> None:
            if not switched_on:
                output.note(f"Off for every project. `{words} on` turns it on for one.")
                return
            columns = [Column("FOLDER", least=20), Column("SINCE"), Column("BY", least=4)]
            output.table(
                columns, [[item.folder, f"{item.since:%Y-%m-%d}", item.by] for item in switched_on]
            )

        invocation.answer(f"{kind}.auto", {"auto": switched_on, "written": []}, show)

    def switch(on: bool) -> Callable[[Invocation, str | None], None]:
        def change(invocation: Invocation, project: str | None) -> None:
            with open_for_actions(invocation) as database:
                folder = _folder(invocation, database, project)
                others = [] if on else _of_project(invocation, database, kind, folder)
                for each in {folder, *others}:
                    exports.set_auto_export(database, kind, each, on=on)
                switched_on = exports.auto_exports(database, kind)
            path = target(invocation, folder)
            warn_unless_ignored(invocation, path, [path])
            message = f"Off for {folder}."
            if on:
                message = f"On: {files} of {folder} go to {path.parent}."
            body = {"auto": switched_on, "written": []}
            invocation.answer(f"{kind}.auto", body, lambda output: output.line(message))

        return change

    auto.__doc__ = f"""{sentence}

    The dashboard or `tailboard ingest --follow` writes them when a session becomes quiet. Without a
    subcommand: list the projects for which this is on.

    Example: {words} on --project parser
    """
    group: Group = click.group(
        "auto", cls=Group, invoke_without_command=True, no_args_is_help=False
    )(auto)
    for name, text in (
        ("on", f"Turn automatic {files} on for a project."),
        ("off", f"Turn automatic {files} off; existing files stay."),
    ):
        change = switch(name == "on")
        change.__doc__ = f"{text}\n\n    Example: {words} {name} --project parser\n    "
        group.add_command(click.command(name, cls=Command)(project_option(with_invocation(change))))
    return group


def _of_project(
    invocation: Invocation, database: QueryReader, kind: Kind, folder: Path
) -> list[Path]:
    """The folders to which files of this folder's project go: also its other worktrees."""
    label = project_at(invocation, database, folder)
    every = (Path(each.folder) for each in exports.auto_exports(database, kind))
    return [each for each in every if label and project_at(invocation, database, each) == label]


def _folder(invocation: Invocation, database: QueryReader, project: str | None) -> Path:
    label = find_project(invocation, database, project) or project_here(invocation, database)
    folder = exports.project_folder(database, label)
    if folder is None:
        raise NotFound(
            f"No session of project {label} has a known folder.",
            "`tailboard sessions` lists the projects.",
        )
    return folder
