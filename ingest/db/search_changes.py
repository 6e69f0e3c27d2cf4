"""Records which texts the search index does not have yet, or still has although they are gone.

Whoever changes texts records their range in the same transaction. The search index is brought up to
date for these ranges in the background, and then forgets them (`sessions/search/indexer.py`).
"""

import contextlib
import glob
import shutil
from collections.abc import Collection, Iterable
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
WANTED: Final = ""
"""The mark of an index that is to be built beside the one in use."""
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
    database.run("search_changes.unset_marks")
    database.run("search_changes.clear_rebuild")


def request_rebuild(database: "Database") -> None:
    """Have an index built beside the one in use, which is searched until then."""
    with database.transaction():
        database.run("search_changes.set_next", mark=WANTED)


def index_folder(database: Path) -> Path:
    """The folder of the index in use, and of the one that is built beside it; each in a folder with
    its id."""
    return database.with_name(database.name + ".search")


def index_bytes(database: Path) -> int:
    """The size of all of them on disk."""
    total = 0
    for file in index_folder(database).rglob("*"):
        with contextlib.suppress(OSError):  # Merged or replaced meanwhile.
            total += file.stat().st_size if file.is_file() else 0
    return total


def is_usable(folder: Path) -> bool:
    """Whether there is an index, and nobody found it damaged."""
    return (folder / "meta.json").is_file() and not (folder / _DAMAGED).exists()


def mark_damaged(folder: Path) -> None:
    """Have the owner of the database build the index in this folder again."""
    with contextlib.suppress(OSError):
        (folder / _DAMAGED).touch(mode=0o600)


def remove_index(database: Path, keep: Collection[str] = ()) -> None:
    """Remove everything but the indexes with these ids: also what a killed process did not finish
    removing, and files of the time when there was one index."""
    folder = index_folder(database)
    with contextlib.suppress(FileNotFoundError):
        for old in folder.iterdir():
            if old.name not in keep:
                # A thread may be writing to it, and must not create files while it is deleted.
                old.rename(folder.with_name(f"{folder.name}.{uuid4().hex}"))
    for old in folder.parent.glob(f"{glob.escape(folder.name)}.*"):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
