"""Writes the state files of the project of a session that became quiet.

The whole project is read, so this is done in the thread, with a reader of its own.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ingest.batches.batch import Kind
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Row
from ingest.projects.auto_export import AutoExporter
from ingest.projects.state.build import BuiltState, build_state
from ingest.projects.state.checkout import default_folder
from ingest.projects.state.document import ProjectState
from ingest.projects.state.write import write
from ingest.sessions.session import Session


class StateExporter(AutoExporter[Path]):
    kind = Kind.STATE

    def __init__(self, database: Database, *, roles: Sequence[str], **common: Any) -> None:
        """`roles`: in the order in which their summaries count."""
        super().__init__(database, **common)
        self.roles = roles

    def writer(
        self,
        found: Row,  # noqa: ARG002 - the whole project is written, whatever session became quiet
        session: Session,  # noqa: ARG002
        folder: Path,
        project: str | None,
    ) -> Callable[[], list[Path]]:
        reader = LocalReader(self.database)

        def build(also: ProjectState | None) -> BuiltState:
            label = project or str(folder)
            return build_state(reader, label, self.zone, self.turns, self.roles, also)

        def work() -> list[Path]:
            with reader.snapshot():
                return write(build, default_folder(folder))

        return work
