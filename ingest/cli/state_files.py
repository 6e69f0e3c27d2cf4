"""Which state file a command means, and the state of its project in the database."""

from pathlib import Path

from ingest.cli.invocation import Invocation
from ingest.cli.scope import find_project, project_at, project_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects import exports, safe_export
from ingest.projects.identity import normal_remote
from ingest.projects.names import ProjectNames
from ingest.projects.state.build import BuiltState, build_state
from ingest.projects.state.checkout import FILE, default_folder, state_folder
from ingest.projects.state.read import read


def built_state(invocation: Invocation, access: QueryReader, project: str | None) -> BuiltState:
    """The state of the named project, or of the project of this folder."""
    label = find_project(invocation, access, project) or project_here(invocation, access)
    built = build_state(access, label, invocation.zone, invocation.settings.journal_turns)
    if built is None:
        raise NotFound(
            f"No session belongs to project {label}.",
            "`tailboard sessions` shows the projects.",
        )
    return built


def find_state(
    invocation: Invocation, access: QueryReader, file: Path | None, project: str | None
) -> tuple[Path, BuiltState]:
    """The file to read, and the state of its project. Without a file: that of the checkout, or else
    the one that `state export` writes beside the database."""
    if file is None:
        built = built_state(invocation, access, project)
        checkout = checkout_of(invocation, access, built.label)
        folder = state_folder(checkout) if checkout else None
        return (folder or private_folder(invocation, built)) / FILE, built
    path = file.expanduser().absolute()
    path = path / FILE if path.is_dir() else path
    if project is None:
        state = read(path)
        remote = normal_remote(state.repository)
        project = remote if remote and ProjectNames(access).find(remote) else state.project
    return path, built_state(invocation, access, project)


def export_folder(invocation: Invocation, access: QueryReader, built: BuiltState) -> Path:
    """The state folder of the project's checkout."""
    checkout = checkout_of(invocation, access, built.label)
    if checkout is None:
        raise NotFound(
            f"Project {built.label} has no folder here.", "Name a folder with --out FOLDER."
        )
    return default_folder(checkout)


def checkout_of(invocation: Invocation, access: QueryReader, label: str) -> Path | None:
    """The current folder if it belongs to the project, else the folder of the project."""
    here = Path.cwd()
    if project_at(invocation, access, here) == label:
        return here
    return exports.project_folder(access, label)


def private_folder(invocation: Invocation, built: BuiltState) -> Path:
    """The folder beside the database, where files are written unless a folder is named."""
    return invocation.settings.db.parent / "state" / safe_export.safe_name(built.label)
