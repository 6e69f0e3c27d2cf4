"""What the state file of the current checkout adds to the database, without importing it."""

from pathlib import Path

from msgspec import Struct

from ingest.cli.invocation import Invocation
from ingest.cli.scope import project_at, root_at
from ingest.cli.state_files import StateFile
from ingest.db.query_reader import QueryReader
from ingest.errors import ProjectError
from ingest.pipeline.homes import storable
from ingest.projects.resume.state_file import StateFileInput, state_file_input
from ingest.projects.state.checkout import FILE, state_folder
from ingest.projects.state.document import ProjectState
from ingest.projects.state.merge import StateDifference
from ingest.projects.tasks.edits import RecordedEdit
from ingest.text.numbers import pluralize


class CheckoutState(Struct, frozen=True):
    path: Path
    here: Path
    """The folder for which it was read."""
    label: str
    state: ProjectState
    differences: list[StateDifference]
    edits: list[RecordedEdit]
    """What importing the file would record."""

    @property
    def name(self) -> str:
        """The file as people write it in this folder."""
        inside = self.path.is_relative_to(self.here)
        return str(self.path.relative_to(self.here) if inside else self.path)

    @property
    def remark(self) -> str:
        """Says that the file was used; empty if it added nothing."""
        if not self.edits:
            return ""
        count = pluralize(len(self.edits), "change")
        return f"{count} of {self.name} included; `tailboard state import` imports them."

    def brief_input(self) -> StateFileInput:
        return state_file_input(
            self.state, self.differences, self.edits, self.label, storable(str(self.here))
        )


def checkout_state(
    invocation: Invocation, access: QueryReader, project: str | None
) -> CheckoutState | None:
    """None if this checkout has no usable state file, or if another project is asked about."""
    folder = state_folder(invocation.here)
    if folder is None:
        return None
    label = project_at(invocation, access, invocation.here) or root_at(invocation.here)
    if project not in (None, label):
        return None
    try:
        found = StateFile(invocation, access, folder / FILE, None)
        differences = found.tasks.changes(found.state, of_checkout=True)
    except ProjectError as error:
        invocation.output.note(f"The state file is not used. {error}")
        return None
    edits = found.tasks.edits_of(differences, invocation.now)
    return CheckoutState(
        found.path, invocation.here, found.tasks.label, found.state, differences, edits
    )
