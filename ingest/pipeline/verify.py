"""Counting again: every line of every file against what is stored of it.

The file is read up to where its cursor stands, so a file that is being written verifies too.
`deep` folds it anew, into a database of its own, and compares every fact. Both test what is stored,
not what it means: a line that is read wrongly is read in the same way again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field

from ingest.db.database import Database
from ingest.db.digest import NO_FACTS, digests
from ingest.db.prune import retained_sources
from ingest.db.query_reader import NamedQueries
from ingest.pipeline.homes import Home
from ingest.pipeline.readers import InProcessReader
from ingest.pipeline.run import IngestRun, RunSettings
from ingest.pipeline.scan import TrackedFile, known, scan_and_register, scan_only
from ingest.tail.errors import SourceError
from ingest.tail.lines import Block, blocks
from ingest.tail.opening import open_source
from ingest.tail.source import Kind, SourceName

Progress = Callable[[int, int], None]
"""Told the bytes that are done and how many there are."""


def _no_progress(_done: int, _total: int) -> None:
    pass


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
    database: NamedQueries,
    homes: list[Home],
    now: str,
    *,
    deep: bool = False,
    line_cap: int = 0,
    progress: Progress = _no_progress,
) -> Iterator[SourceCheck]:
    """Check every source that was read; what is missing now cannot be checked and says so.

    `deep` needs the database itself; to count it is enough to be answered by whoever has it.
    """
    found = scan_only(database, homes)
    cap = line_cap or RunSettings().line_cap
    sources = [source for source in found.sources if source.read]
    size = sum(source.size for source in sources)
    pruned = retained_sources(database)
    told: _Digests | None = None
    done = 0
    if deep:
        if not isinstance(database, Database):
            raise TypeError("facts are compared where the database is open")
        told = _digest_both(database, homes, now, cap, lambda bytes_: progress(bytes_, 2 * size))
        done = size
    for source in sources:
        check = _count(source, cap)
        if check.ok and source.id in pruned:
            check.detail = f"pruned on {pruned[source.id]:%Y-%m-%d}: its facts were forgotten"
        elif told is not None and check.ok and source.state != "missing":
            _compare(told, source, check)
        done += source.size
        progress(done, (1 + deep) * size)
        yield check


def _count(source: TrackedFile, cap: int) -> SourceCheck:
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


def _lines_in(source: TrackedFile, cap: int) -> int:
    """Whole lines up to the cursor. A G0 document has none: its items are counted instead."""
    if source.name.kind is Kind.TYPESCRIPT:
        return source.lines
    count = 0
    with open_source(source.path, source.representation) as reader:
        lines = blocks(reader, 0, max(1, source.cursor.offset), cap)
        for part in lines:
            if part.offset >= source.cursor.offset:
                break
            count += part.data.count(b"\n") if isinstance(part, Block) else 1
    return count


class _Digests(Struct):
    """What is stored, and what the files tell when they are read anew: a digest for each source."""

    stored: dict[int, str]
    anew: dict[int, str]
    twins: dict[tuple[str, SourceName], TrackedFile]
    """The sources that were read anew, by home and name: their numbers are others."""
    kept: dict[int, int]
    """Prompts that are stored and stand in no file any more, by source."""


def _digest_both(
    database: Database, homes: list[Home], now: str, cap: int, progress: Callable[[int], None]
) -> _Digests:
    """Read the same homes from the beginning into a database that goes away."""
    with (
        TemporaryDirectory(prefix="tailboard-verify-") as folder,
        Database(Path(folder) / "again.duckdb") as again,
    ):
        found = scan_and_register(again, homes, now)
        drain = IngestRun(
            again, "verify", RunSettings(line_cap=cap), progress=lambda _, bytes_: progress(bytes_)
        )
        drain.run(found.changed, InProcessReader())
        return _Digests(
            database.with_memory_retry(lambda: digests(database)),
            again.with_memory_retry(lambda: digests(again)),
            {(home.id, name): one for home in homes for name, one in known(again, home).items()},
            {row["source"]: row["prompts"] for row in database.rows("verify.kept_prompts")},
        )


def _compare(told: _Digests, source: TrackedFile, check: SourceCheck) -> None:
    """The facts of a source, as they are stored and as they were read anew."""
    twin = told.twins.get((source.home, source.name))
    if twin is None or twin.cursor.offset != source.cursor.offset:
        check.detail = "the file changed while it was verified; verify again"
        return
    check.hashes = (told.stored.get(source.id, NO_FACTS), told.anew.get(twin.id, NO_FACTS))
    check.ok = check.hashes[0] == check.hashes[1]
    if not check.ok:
        check.detail = "the stored facts are not those the file tells"
    elif kept := told.kept.get(source.id):
        check.detail = f"{kept} older prompts are kept that the file no longer holds"
