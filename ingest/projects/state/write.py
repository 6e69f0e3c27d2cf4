"""Writes state files with a value per line; never overwrites unsaved edits.

Keys are in the order of the structs, so an item begins with its text.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.errors import ProjectError
from ingest.projects import safe_export
from ingest.projects.exports import enclosing_repository
from ingest.projects.state.build import BuiltState
from ingest.projects.state.checkout import FILE
from ingest.projects.state.document import ProjectState
from ingest.projects.state.merge import Resolution
from ingest.projects.state.read import read
from ingest.text.sanitize import PLAIN_EMOJI, UNSAFE
from ingest.text.times import json_time


def encode_document(document: msgspec.Struct) -> str:
    plain_data = msgspec.to_builtins(document, builtin_types=(datetime,))
    text = json.dumps(plain_data, indent=2, ensure_ascii=False, default=json_time)
    return UNSAFE.sub(_escaped, text) + "\n"


def encode_files(made: BuiltState) -> dict[str, str]:
    """The text of every file, by name."""
    return {FILE: encode_document(made.project)} | {
        name: encode_document(one) for name, one in made.sessions.items()
    }


def write(build: Callable[[ProjectState | None], BuiltState], folder: Path) -> list[Path]:
    """Write all files. `build` gets the file that is there: what it knows of other machines stays
    in it. Refuses to overwrite edits of a person that were not imported."""
    before = folder / FILE
    in_repository = enclosing_repository(before) is not None
    also = read(before) if before.exists() else None
    built = build(also)
    if also is not None:
        waiting = [
            one
            for one in built.tasks.changes(also, of_checkout=in_repository)
            if one.shared is None
            and one.answer is None
            and one.fate in (Resolution.APPLY, Resolution.CONFLICT)
        ]
        if waiting:
            raise ProjectError(
                f"{before} holds {len(waiting)} edits that are not in the database. "
                "Nothing was written.",
                "Import them with `tailboard state import`, or move the file away.",
                code="state.unsaved",
            )
    written = []
    for name, text in encode_files(built).items():
        written.append(safe_export.write(folder / name, text, below=folder, replace=True).path)
    return written


def _escaped(found: re.Match[str]) -> str:
    """A JSON escape, so that unsafe characters are visible and still decode to the same text."""
    if found[0] == PLAIN_EMOJI:
        return found[0]
    return json.dumps(found[0])[1:-1] if found[0] != "\x7f" else "\\u007f"
