"""The files that a patch changes: from the text of the patch, or from Codex's list of changes."""

import re
from typing import Any

from ingest.codex.fields import COMMAND_CHARS, stored_text

BEGIN = "*** Begin Patch"
_FILE_HEADER = re.compile(
    r"^\*\*\* (Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.MULTILINE
)

Edit = tuple[str, str, str | None]
"""Path, kind of change, and new path of a moved file."""


def edits_in(patch: str) -> list[Edit]:
    """The edits that a patch requests, in order."""
    edits: list[Edit] = []
    for verb, path, target in _FILE_HEADER.findall(patch):
        if verb:
            edits.append((stored_text(path.strip(), COMMAND_CHARS), verb.lower(), None))
        elif edits:
            edits[-1] = (edits[-1][0], "move", stored_text(target.strip(), COMMAND_CHARS))
    return edits


def edits_of(changes: Any) -> list[Edit]:
    """The edits in Codex's list of changes: {absolute path: {type, move_path}}."""
    if not isinstance(changes, dict):
        return []
    edits: list[Edit] = []
    for path, change in changes.items():
        type_ = change.get("type") if isinstance(change, dict) else None
        target = change.get("move_path") if isinstance(change, dict) else None
        moved = stored_text(target, COMMAND_CHARS) if isinstance(target, str) else None
        verb = "move" if moved else type_ if isinstance(type_, str) else "update"
        edits.append((stored_text(str(path), COMMAND_CHARS), stored_text(verb, 32), moved))
    return edits
