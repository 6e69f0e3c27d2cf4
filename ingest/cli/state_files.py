"""Which state file a command means, and the project that it is about."""

from pathlib import Path

from ingest.cli.invocation import Invocation
from ingest.cli.scope import find_project, project_at, project_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.pipeline.homes import storable
from ingest.projects import exports, safe_export
from ingest.projects.identity import normal_remote
from ingest.projects.names import ProjectNames
from ingest.projects.roles.declared import role_names
from ingest.projects.state.build import BuiltState, build_state
from ingest.projects.state.checkout import FILE, default_folder, state_folder
from ingest.projects.state.document import ProjectState
from ingest.projects.state.project_tasks import ProjectTasks
from ingest.projects.state.read import read


class StateFile:
    """A state file that was read, and the tasks of its project in the database."""

    def __init__(
        self, invocation: Invocation, access: QueryReader, file: Path | None, project: str | None
    ) -> None:
        """Without a file: that of the checkout, or else the one that `state export` writes beside
        the database."""
        if file is None:
            label = named_project(invocation, access, project)
            checkout = checkout_of(invocation, access, label)
            folder = state_folder(checkout) if checkout else None
            self.path = (folder or private_folder(invocation, label)) / FILE
            self.state = read(self.path)
        else:
            path = file.expanduser().absolute()
            self.path = path / FILE if path.is_dir() else path
            self.state = read(self.path)
            label = find_project(invocation, access, project) or _project_of(
                invocation, access, self.path, self.state
            )
        self.tasks = ProjectTasks(access, label, safe_export.masked)
        root = exports.enclosing_repository(self.path)
        self.of_checkout = root is not None and state_folder(root) == self.path.parent


def _project_of(
    invocation: Invocation, access: QueryReader, path: Path, state: ProjectState
) -> str:
    """The label of the project of a file: that of its repository, or the one that it names."""
    root = exports.enclosing_repository(path)
    in_checkout = root is not None and state_folder(root) == path.parent
    if root is not None and in_checkout and (label := project_at(invocation, access, root)):
        return label
    remote = normal_remote(state.repository)
    known = ProjectNames(access)
    if remote and (labels := known.find(remote)):
        return labels[0]
    if root is not None and in_checkout and not known.find(state.project):
        return storable(str(root))  # A clone in which no session worked yet.
    return find_project(invocation, access, state.project) or state.project


def named_project(invocation: Invocation, access: QueryReader, project: str | None) -> str:
    """The label of the named project, or of the project of this folder."""
    return find_project(invocation, access, project) or project_here(invocation, access)


def built_state(
    invocation: Invocation, access: QueryReader, label: str, also: ProjectState | None
) -> BuiltState:
    built = build_state(
        access,
        label,
        invocation.zone,
        invocation.settings.journal_turns,
        role_names(invocation.settings),
        also,
    )
    if also is None and not built.tasks.is_known:
        raise NotFound(
            f"No session belongs to project {label}.",
            "`tailboard sessions` shows the projects.",
        )
    return built


def export_folder(invocation: Invocation, access: QueryReader, label: str) -> Path:
    """The state folder of the project's checkout."""
    checkout = checkout_of(invocation, access, label)
    if checkout is None:
        raise NotFound(f"Project {label} has no folder here.", "Name a folder with --out FOLDER.")
    return default_folder(checkout)


def checkout_of(invocation: Invocation, access: QueryReader, label: str) -> Path | None:
    """The current folder if it belongs to the project, else the folder of the project."""
    here = invocation.here
    if label in (project_at(invocation, access, here), project_here_or_none(here)):
        return here
    return exports.project_folder(access, label)


def project_here_or_none(here: Path) -> str | None:
    """What stands for the repository of this folder until a session worked in it."""
    root = exports.repository_at(here)
    return storable(str(root)) if root else None


def private_folder(invocation: Invocation, label: str) -> Path:
    """The folder beside the database, where files are written unless a folder is named."""
    return invocation.settings.db.parent / "state" / safe_export.safe_name(label)
