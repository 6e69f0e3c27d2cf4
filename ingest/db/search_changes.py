"""Records which texts the search index does not have yet, or still has although they are gone.

Whoever changes texts records their range in the same transaction. The search index is brought up to
date for these ranges in the background, and then forgets them (`sessions/search/indexer.py`).
"""

import contextlib
import glob
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import asdict

if TYPE_CHECKING:
    from ingest.db.database import Database

FIRST: Final = -(2**62)
LAST: Final = 2**62
"""Before and after every byte of a source."""
_DAMAGED: Final = "damaged"
"""A file that has the owner of the database build the index again."""
NOTES: Final = -1
"""The byte of notes, which are in no file."""


class TextRange(Struct, frozen=True, order=True):
    """The lines of a source from one byte to before another."""

    source: int
    start: int = FIRST
    finish: int = LAST


def record(database: "Database", ranges: Iterable[TextRange], now: str) -> None:
    """Record changed texts, inside the open transaction."""
    changes = [asdict(changed) for changed in ranges]
    if changes:
        database.run("search_changes.add", changes=changes, now=now)
        # Looking first takes a tenth of the time of deleting nothing, which is the usual case.
        if database.rows_in_transaction("vectors.any"):
            database.run("vectors.drop_changed", changes=changes)


def record_sources(database: "Database", sources: Iterable[int], now: str) -> None:
    """Record that any text of these sources may be gone. A prompt of a history is searched only
    while its session has no file: it may be back, so all histories are included."""
    changed = set(sources)
    if changed:
        histories = database.rows_in_transaction("search_changes.histories")
        changed |= {row["id"] for row in histories}
        record(database, map(TextRange, sorted(changed)), now)


def discard_index(database: "Database") -> None:
    """Make the index invalid, so that it is built again, inside the open transaction."""
    database.run("search_changes.unset_mark")


def index_folder(database: Path) -> Path:
    return database.with_name(database.name + ".search")


def index_bytes(database: Path) -> int:
    """The size of the index on disk."""
    with contextlib.suppress(OSError):
        return sum(file.stat().st_size for file in index_folder(database).iterdir())
    return 0


def is_usable(folder: Path) -> bool:
    """Whether there is an index, and nobody found it damaged."""
    return (folder / "meta.json").is_file() and not (folder / _DAMAGED).exists()


def mark_damaged(database: Path) -> None:
    """Have the owner of the database build the index again."""
    with contextlib.suppress(OSError):
        (index_folder(database) / _DAMAGED).touch(mode=0o600)


def remove_index(database: Path) -> None:
    """Also what a killed process did not finish removing."""
    folder = index_folder(database)
    with contextlib.suppress(FileNotFoundError):
        # A thread may be writing to it, and must not create files while the folder is deleted.
        folder.rename(folder.with_name(f"{folder.name}.{uuid4().hex}"))
    for old in folder.parent.glob(f"{glob.escape(folder.name)}.*"):
        shutil.rmtree(old)
