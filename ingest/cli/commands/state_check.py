"""`tailboard state check` and `state schema`: for hooks and programs that use the state files."""

import json
from pathlib import Path

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import project_option
from ingest.cli.output import Output
from ingest.cli.state_files import StateFile, built_state, export_folder, named_project
from ingest.exit_codes import Exit
from ingest.projects.state.checkout import FILE
from ingest.projects.state.read import read
from ingest.projects.state.schema import state_schema
from ingest.projects.state.write import encode_document


@click.command("check", cls=Command)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@project_option
@with_invocation
def check(invocation: Invocation, file: Path | None, project: str | None) -> int:
    """Check that the state file of this checkout is current: exit 0 if it is, 1 if it is missing or
    behind the database.

    For a pre-commit hook. Compares `project_state.json`, not the files of sessions, which change
    with every turn. Reads what was ingested: run `tailboard ingest` before.

    Example: tailboard state check
    """
    with open_for_reading(invocation) as access:
        if file is None:
            label = named_project(invocation, access, project)
            path = export_folder(invocation, access, label) / FILE
        else:
            path = file.expanduser().absolute()
            path = path / FILE if path.is_dir() else path
            if path.exists() and project is None:
                label = StateFile(invocation, access, path, None).tasks.label
            else:
                label = named_project(invocation, access, project)
        also = read(path) if path.exists() else None
        wanted = encode_document(built_state(invocation, access, label, also).project)
    current = path.is_file() and path.read_bytes() == wanted.encode()
    where = "--into" if file is None else f"--out {path.parent}"

    def show(output: Output) -> None:
        if current:
            output.line(f"{path} is current.")
            return
        behind = "is behind the database" if path.is_file() else "does not exist yet"
        output.line(f"{path} {behind}. Run `tailboard state export {where}`.")

    invocation.answer("state.check", {"paths": [path], "current": current}, show)
    return Exit.DONE if current else Exit.ATTENTION


@click.command("schema", cls=Command)
@with_invocation
def schema(invocation: Invocation) -> None:
    """Print the JSON Schema of the state files. The property `schema` of a file names its version.

    Example: tailboard state schema
    """
    published = state_schema()

    def show(output: Output) -> None:
        output.text(json.dumps(published, indent=2))

    invocation.answer("state.schema", {"files": published}, show)
