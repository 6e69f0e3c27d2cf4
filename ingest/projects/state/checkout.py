"""The state file of a checkout: where it is, and where it is written.

A repository has one state folder, which git carries to other machines. `state export --into` and
`state auto` write it; `state import`, `resume` and `tasks` read it.
"""

from pathlib import Path
from typing import Final

from ingest.projects import exports

FILE: Final = "project_state.json"
FOLDER: Final = Path("docs", "ai-state")
"""Where the files are written if the repository has none yet."""
_FOLDERS: Final = (FOLDER, Path("state"), Path())


def state_folder(folder: Path) -> Path | None:
    """The state folder of the repository that contains this folder; None if it has none."""
    root = exports.enclosing_repository(folder / FILE) or folder
    return next((root / one for one in _FOLDERS if (root / one / FILE).is_file()), None)


def default_folder(folder: Path) -> Path:
    """The state folder of the repository, or the place for one."""
    root = exports.enclosing_repository(folder / FILE) or folder
    return state_folder(folder) or root / FOLDER
