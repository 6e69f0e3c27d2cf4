"""Replaces the block between two markers in a user's file.

Every byte outside the block is kept. A file without markers gets the block at its end; a file whose
markers are not exactly one pair is refused.
"""

import re
from typing import Final

from ingest.errors import ErrorClass, ProjectError

_MARKER: Final = re.compile(
    r"^[ \t]*<!-- tailboard:(begin|end) journal -->[ \t]*(?:\r\n|\r|\n|\Z)", re.MULTILINE
)
BEGIN: Final = "<!-- tailboard:begin journal -->"
END: Final = "<!-- tailboard:end journal -->"
_WARNING: Final = (
    "<!-- Written by `tailboard journal`; the text between these two lines is replaced. -->"
)


def replace_block(existing: str, text: str, where: str) -> tuple[str, str, str]:
    """The text before the block, the new block with `text`, and the text after it.

    `where` names the file in errors.
    """
    block = f"{BEGIN}\n{_WARNING}\n\n{text.rstrip()}\n\n{END}\n"
    markers = list(_MARKER.finditer(existing))
    if not markers:
        if not existing:
            return "", block, ""
        ended = existing if existing.endswith("\n") else f"{existing}\n"
        gap = "" if ended.endswith(("\n\n", "\r\n\r\n")) else "\n"
        return ended + gap, block, ""
    if [marker[1] for marker in markers] != ["begin", "end"]:
        lines = ", ".join(
            f"{marker[1]} in line {existing.count(chr(10), 0, marker.start()) + 1}"
            for marker in markers
        )
        raise ProjectError(
            f"{where}: the journal markers are not one pair ({lines}). Nothing was written.",
            f"Leave one `{BEGIN}` and, below it, one `{END}`; or none.",
            code="journal.block",
            kind=ErrorClass.DATA,
        )
    return existing[: markers[0].start()], block, existing[markers[1].end() :]
