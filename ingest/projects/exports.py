"""What was written out: which files, so that they can be looked through later; and where to.

Said like everything people do, so it survives the database. Files of automatic journals are not
said one by one: where they lie follows from the project.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.errors import Problem

EXPORTED: Final = "exported"
AUTO: Final = "journal-auto"
JOURNALS: Final = Path("docs", "ai-journal")
"""Where the journals of a project lie in it."""

RecordCommand = Callable[[str, dict[str, Any], dict[str, Any]], object]
"""Has something written down: a verb, what it is about, and more."""


class TargetInRepository(Problem):
    """A file would be written into a repository, and nobody asked for that."""

    code = "export.repository"


class AutoExport(Struct, frozen=True):
    """A project whose journals are written by themselves."""

    folder: str
    since: datetime
    by: str


def recorded_exports(rows: NamedQueries, *verbs: str) -> list[Row]:
    return rows.rows("journal.said", verbs=list(verbs))


def auto_exports(rows: NamedQueries) -> list[AutoExport]:
    """The projects for which automatic export is on."""
    found: dict[str, AutoExport] = {}
    for row in recorded_exports(rows, AUTO):
        folder = _value(row["about"], "folder")
        if folder and _value(row["arguments"], "on"):
            found.setdefault(folder, AutoExport(folder, row["time"], row["actor"]))
        elif folder:
            found.pop(folder, None)
    return list(found.values())


def set_auto_export(rows: NamedQueries, say: RecordCommand, folder: Path, *, on: bool) -> None:
    """Switch automatic export on or off for a folder; said only where it changes something."""
    if any(one.folder == str(folder) for one in auto_exports(rows)) is not on:
        say(AUTO, {"folder": str(folder)}, {"on": on})


def exported_files(rows: NamedQueries) -> list[Path]:
    """Every file that was ever written out, as far as it is still there."""
    found: dict[Path, None] = {}
    for row in recorded_exports(rows, EXPORTED, AUTO):
        path, folder = _value(row["about"], "path"), _value(row["about"], "folder")
        if path:
            found[Path(path)] = None
        elif folder:
            found.update(dict.fromkeys(sorted((Path(folder) / JOURNALS).glob("*.md"))))
    return [path for path in found if path.is_file()]


def unrecorded_exports(rows: NamedQueries, paths: list[Path]) -> list[Path]:
    """Those of these files of which nobody wrote down yet that they were written out."""
    known = {_value(row["about"], "path") for row in recorded_exports(rows, EXPORTED)}
    return [path for path in paths if str(path) not in known]


def record_exports(rows: NamedQueries, say: RecordCommand, what: str, paths: list[Path]) -> None:
    """Have it written down that these files were written out; each once."""
    for path in unrecorded_exports(rows, paths):
        say(EXPORTED, {"path": str(path)}, {"what": what})


def project_folder(rows: NamedQueries, project: str) -> Path | None:
    """The folder of a project: its repository, where it has one."""
    found = rows.first_row("journal.folders", project=project)
    if found is None:
        return None
    folder = Path(found["cwd"])
    return enclosing_repository(folder / "any") or folder


def enclosing_repository(path: Path) -> Path | None:
    """The repository that this path lies in."""
    return next((one for one in path.parents if (one / ".git").exists()), None)


def check_target(path: Path, *, into: bool) -> None:
    """Refuse to write into a repository unless that is what is wanted."""
    found = enclosing_repository(path)
    if found is not None and not into:
        raise TargetInRepository(
            f"{path} lies in the repository {found}. Nothing was written.",
            "`--into` writes there all the same; else name another place with --out.",
        )


def _value(said: str, name: str) -> Any:
    told = json.loads(said)
    return told.get(name) if isinstance(told, dict) else None
