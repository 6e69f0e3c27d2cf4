"""Records which files were exported, so that they can be searched for secrets later.

Exports are recorded in the edit log, so they survive the loss of the database. Files of automatic
exports are not recorded one by one: their paths follow from the project.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from ingest.actions import RecordEdit
from ingest.batches.batch import Kind
from ingest.db.query_reader import NamedQueries, QueryReader, Row
from ingest.errors import ProjectError

EXPORTED: Final = "exported"
SNAPSHOT: Final = "snapshot"
"""What was exported, if it is a copy of the database."""
JOURNALS: Final = Path("docs", "ai-journal")
"""Folder of the journals, relative to the project."""
STATES: Final = (Path("docs", "ai-state"), Path("state"), Path())
"""Folders in which the state files of a project can be, relative to it; new ones are in the first.
"""
_WRITTEN: Final = {
    Kind.JOURNAL: [JOURNALS / "*.md"],
    Kind.STATE: [
        folder / name for folder in STATES for name in ("project_state.json", "sessions/*.json")
    ],
}
"""What automatic exports write, relative to the project."""


class AutoExport(Struct, frozen=True):
    """A project for which automatic export is on."""

    folder: str
    since: datetime
    by: str


def recorded_exports(rows: NamedQueries, *verbs: str) -> list[Row]:
    return rows.rows("journal.recorded_edits", verbs=list(verbs))


def _verb(kind: Kind) -> str:
    return f"{kind}-auto"


def auto_exports(rows: NamedQueries, kind: Kind) -> list[AutoExport]:
    """The projects for which automatic export of this kind is on."""
    switched_on: dict[str, AutoExport] = {}
    for row in recorded_exports(rows, _verb(kind)):
        folder = _value(row["about"], "folder")
        if folder and _value(row["arguments"], "on"):
            switched_on.setdefault(folder, AutoExport(folder, row["time"], row["actor"]))
        elif folder:
            switched_on.pop(folder, None)
    return list(switched_on.values())


def set_auto_export(database: QueryReader, kind: Kind, folder: Path, *, on: bool) -> None:
    """Switch automatic export on or off for a folder; recorded only if that changes anything."""
    if any(export.folder == str(folder) for export in auto_exports(database, kind)) is not on:
        database.act(auto_export_action(kind, folder, on=on))


def auto_export_action(kind: Kind, folder: Path, *, on: bool) -> RecordEdit:
    return RecordEdit(verb=_verb(kind), about={"folder": str(folder)}, arguments={"on": on})


def exported_files(rows: NamedQueries) -> list[Path]:
    """Every exported text file that still exists."""
    files: dict[Path, None] = {}
    automatic = {_verb(kind): patterns for kind, patterns in _WRITTEN.items()}
    for row in recorded_exports(rows, EXPORTED, *automatic):
        if _value(row["arguments"], "what") == SNAPSHOT:
            continue
        path, folder = _value(row["about"], "path"), _value(row["about"], "folder")
        if path:
            files[Path(path)] = None
        elif folder:
            for pattern in automatic[row["verb"]]:
                files.update(dict.fromkeys(sorted(Path(folder).glob(str(pattern)))))
    return [path for path in files if path.is_file()]


def snapshots(rows: NamedQueries) -> list[Path]:
    """Every copy of the database that was written and still exists."""
    paths = [
        Path(_value(row["about"], "path"))
        for row in recorded_exports(rows, EXPORTED)
        if _value(row["arguments"], "what") == SNAPSHOT
    ]
    return [path for path in paths if path.exists()]


def unrecorded_exports(rows: NamedQueries, paths: list[Path]) -> list[Path]:
    """The files among `paths` whose export is not recorded yet.

    A path that is not valid UTF-8 cannot be recorded.
    """
    known = {_value(row["about"], "path") for row in recorded_exports(rows, EXPORTED)}
    return [path for path in paths if str(path) not in known and _is_utf8(path)]


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def record_exports(database: QueryReader, what: str, paths: list[Path]) -> None:
    """Record the export of these files, each once."""
    for path in unrecorded_exports(database, paths):
        database.act(export_action(what, path))


def export_action(what: str, path: Path) -> RecordEdit:
    return RecordEdit(verb=EXPORTED, about={"path": str(path)}, arguments={"what": what})


def project_folder(rows: NamedQueries, project: str) -> Path | None:
    """The folder of a project: its main worktree, or else that of its latest session."""
    main = rows.first_row("projects.labelled", label=project)
    if main is not None and is_repository(Path(main["folder"])):
        return Path(main["folder"])
    row = rows.first_row("journal.folders", project=project)
    if row is None:
        return None
    folder = Path(row["cwd"])
    return repository_at(folder) or folder


def enclosing_repository(path: Path) -> Path | None:
    """The repository that contains this path."""
    return repository_at(path.parent)


def repository_at(folder: Path) -> Path | None:
    """The repository that this folder is, or is in."""
    return next((one for one in (folder, *folder.parents) if is_repository(one)), None)


def is_repository(folder: Path) -> bool:
    """Whether this is the top folder of a repository or worktree. Codex's sandbox creates an empty
    folder `.git` in temporary folders, which git does not take for a repository either."""
    mark = folder / ".git"
    return os.path.lexists(mark / "HEAD") or mark.is_file()


def check_target(path: Path, *, into: bool) -> None:
    """Refuse to write into a repository unless `into`."""
    repository = enclosing_repository(path)
    if repository is not None and not into:
        raise ProjectError(
            f"{path} is inside the repository {repository}. Nothing was written.",
            "Use `--into` to write there anyway, or choose another path with --out.",
            code="export.repository",
        )


def _value(encoded: str, name: str) -> Any:
    value = json.loads(encoded)
    return value.get(name) if isinstance(value, dict) else None
