"""The state file of a checkout: where it is, and where it is written.

A repository has one state folder, which git carries to other machines. `state export --into` and
`state auto` write it; `state import`, `resume` and `tasks` read it.
"""

from pathlib import Path
from typing import Final

from ingest.projects import exports

FILE: Final = "project_state.json"


def state_folder(folder: Path) -> Path | None:
    """The state folder of the repository that contains this folder; None if it has none."""
    root = exports.repository_at(folder) or folder
    return next((root / one for one in exports.STATES if (root / one / FILE).is_file()), None)


def default_folder(folder: Path) -> Path:
    """The state folder of the repository, or the place for one."""
    root = exports.repository_at(folder) or folder
    return state_folder(folder) or root / exports.STATES[0]
