"""Counting again: every line of every file against what is stored of it.

The file is read up to where its cursor stands, so a file that is being written verifies too.
`deep` folds it anew, into a database of its own, and compares every fact.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from ingest.store.database import Database
from ingest.store.dump import dump
from ingest.store.face import Rows
from ingest.store.retention import buried
from ingest.tail.errors import SourceError
from ingest.tail.lines import Block, blocks
from ingest.tail.opening import open_source
from ingest.tail.source import Kind
from ingest.worker.drain import Drain, Tuning
from ingest.worker.homes import Home
from ingest.worker.pool import InPlace
from ingest.worker.survey import Followed, known, look, survey


class SourceCheck(Struct):
    """How one source compares."""

    id: int
    path: str
    expected_lines: int
    stored_lines: int
    rejected: int
    skipped: dict[str, int]
    ok: bool
    detail: str = ""
    hashes: tuple[str, str] | None = field(default=None)


def verify(
    database: Rows, homes: list[Home], now: str, *, deep: bool = False, line_cap: int = 0
) -> Iterator[SourceCheck]:
    """Check every source that was read; what is missing now cannot be checked and says so.

    `deep` needs the database itself; to count it is enough to be answered by whoever has it.
    """
    found = look(database, homes)
    cap = line_cap or Tuning().line_cap
    again = _fresh(homes, now, cap) if deep else None
    pruned = buried(database)
    for source in found.sources:
        if source.read:
            check = _count(source, cap)
            if check.ok and source.id in pruned:
                check.detail = f"pruned on {pruned[source.id]:%Y-%m-%d}: its facts were forgotten"
            elif again is not None and check.ok and source.state != "missing":
                if not isinstance(database, Database):
                    raise TypeError("facts are compared where the database is open")
                _compare(database, again, source, check)
            yield check
    if again is not None:
        again.close()


def _count(source: Followed, cap: int) -> SourceCheck:
    check = SourceCheck(
        source.id,
        source.path,
        0,
        source.stored,
        source.rejected,
        {"blank": source.blank},
        ok=False,
    )
    if source.state == "missing":
        check.expected_lines, check.ok = source.lines, True
        check.detail = "the file is gone; what was read of it stays"
        return check
    try:
        check.expected_lines = _lines_in(source, cap)
    except SourceError as error:
        check.detail = error.sentence
        return check
    accounted = source.stored + source.rejected + source.blank
    check.ok = check.expected_lines == source.lines == accounted
    if not check.ok:
        check.detail = f"{check.expected_lines} lines in the file, {accounted} accounted for"
    return check


def _lines_in(source: Followed, cap: int) -> int:
    """Whole lines up to the cursor. A G0 document has none: its items are counted instead."""
    if source.name.kind is Kind.TYPESCRIPT:
        return source.lines
    count = 0
    with open_source(source.path, source.representation) as reader:
        lines = blocks(reader, 0, max(1, source.cursor.offset), cap)
        for part in lines:
            if part.offset >= source.cursor.offset:
                break
            count += len(part.lines) if isinstance(part, Block) else 1
    return count


def _fresh(homes: list[Home], now: str, cap: int) -> Database:
    """The same homes, read once more from the beginning into a database that goes away."""
    folder = tempfile.mkdtemp(prefix="tailboard-verify-")
    database = Database(Path(folder) / "again.duckdb")
    found = survey(database, homes, now)
    Drain(database, "verify", Tuning(line_cap=cap)).run(found.changed, InPlace())
    return database


def _compare(database: Database, again: Database, source: Followed, check: SourceCheck) -> None:
    """Facts of a source, hashed in order, here and read anew."""
    twin = _twin(again, source)
    if twin is None or twin.cursor.offset != source.cursor.offset:
        check.detail = "the file changed while it was verified; verify again"
        return
    check.hashes = (_hash(database, source.id), _hash(again, twin.id))
    check.ok = check.hashes[0] == check.hashes[1]
    if not check.ok:
        check.detail = "the stored facts are not those the file tells"


def _twin(again: Database, source: Followed) -> Followed | None:
    return known(again, Home(source.home, Path())).get(source.name)


def _hash(database: Database, source: int) -> str:
    def hashed() -> str:
        digest = hashlib.sha256()
        for line in dump(database, source):
            digest.update(line.encode())
        return digest.hexdigest()

    return database.with_room(hashed)
