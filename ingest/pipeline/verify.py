"""Verifies the database against the files: counts every line again and compares.

Each file is read up to its cursor, so files that are being written can be verified too. `deep`
ingests the files again into a temporary database and compares every fact, and derives again what
is derived from facts. Neither finds errors of the decoder: a line that is decoded wrongly is
decoded in the same way again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field

from ingest.db.database import Database
from ingest.db.derived_rows import stale_sources
from ingest.db.digest import NO_FACTS, digests
from ingest.db.prune import retained_sources
from ingest.db.query_reader import NamedQueries
from ingest.db.snapshot import VERIFICATION
from ingest.errors import SourceError, SourceMissing
from ingest.pipeline.homes import Home
from ingest.pipeline.reader_pool import InProcessReader
from ingest.pipeline.run import IngestRun, RunSettings
from ingest.pipeline.scan import TrackedFile, known, scan_and_register, scan_only
from ingest.tail.lines import Block, blocks
from ingest.tail.rotation import open_joined
from ingest.tail.source import Kind, SourceName

Progress = Callable[[int, int], None]
"""Called with the bytes done and the total."""


def _no_progress(_done: int, _total: int) -> None:
    pass


class SourceCheck(Struct):
    """Result for one source."""

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
    stale_tasks: Callable[[Database], dict[int, str]] = lambda _: {},
) -> Iterator[SourceCheck]:
    """Check every source that was read. A missing file cannot be checked; its detail says so.

    `stale_tasks`: what is wrong with tasks derived from the facts, by source, for `deep`, which
    requires the database to be open in this process; counting works over the socket too.
    """
    scan = scan_only(database, homes)
    cap = line_cap or RunSettings().line_cap
    sources = [source for source in scan.sources if source.read]
    size = sum(source.size for source in sources)
    pruned = retained_sources(database)
    both: _Digests | None = None
    done = 0
    if deep:
        if not isinstance(database, Database):
            raise TypeError("deep verification requires the database in this process")
        both = _digest_both(database, homes, now, cap, lambda bytes_: progress(bytes_, 2 * size))
        both.stale |= stale_tasks(database)
        done = size
    for source in sources:
        check = _count(source, cap)
        if check.ok and source.id in pruned:
            check.detail = f"pruned on {pruned[source.id]:%Y-%m-%d}: its facts were removed"
        elif both is not None and check.ok and not check.detail:
            _compare(both, source, check)
        if both is not None and check.ok and source.id in both.stale:
            check.ok = False
            check.detail = f"{both.stale[source.id]}; run tailboard rebuild"
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
        check.detail = "the file no longer exists; its stored lines are kept"
        return check
    try:
        check.expected_lines = _lines_in(source, cap)
    except SourceMissing as missing:
        check.expected_lines, check.ok = source.lines, True
        check.detail = f"{missing.message} Its stored lines are kept."
        return check
    except SourceError as error:
        check.detail = error.message
        return check
    accounted = source.stored + source.rejected + source.blank
    check.ok = check.expected_lines == source.lines == accounted
    if not check.ok:
        check.detail = f"{check.expected_lines} lines in the file, {accounted} accounted for"
    return check


def _lines_in(source: TrackedFile, cap: int) -> int:
    """Whole lines up to the cursor. A G0 document has no lines: its items are counted instead."""
    if source.name.kind is Kind.TYPESCRIPT:
        return source.lines
    count = 0
    with open_joined(source.path, source.representation, source.cursor.offset) as reader:
        lines = blocks(reader, 0, max(1, source.cursor.offset), cap)
        for part in lines:
            if part.offset >= source.cursor.offset:
                break
            count += part.data.count(b"\n") if isinstance(part, Block) else 1
    return count


class _Digests(Struct):
    """Digests of the facts of each source: as stored, and as read again."""

    stored: dict[int, str]
    again: dict[int, str]
    twins: dict[tuple[str, SourceName], TrackedFile]
    """The sources in the temporary database, where their ids differ, by home and name."""
    kept: dict[int, int]
    """Number of stored prompts that no file contains any more, by source."""
    stale: dict[int, str]
    """Sources of which what is derived from facts is not up to date, and what that is."""


def _digest_both(
    database: Database, homes: list[Home], now: str, cap: int, progress: Callable[[int], None]
) -> _Digests:
    """Ingest the same homes into a temporary database, and compute the digests of both."""
    with (
        TemporaryDirectory(prefix=VERIFICATION, dir=database.spool) as folder,
        Database(Path(folder) / "again.duckdb") as again,
    ):
        found = scan_and_register(again, homes, now)
        run = IngestRun(
            again, RunSettings(line_cap=cap), progress=lambda _, bytes_: progress(bytes_)
        )
        run.run(found.changed, InProcessReader())
        return _Digests(
            database.with_memory_retry(lambda: digests(database)),
            again.with_memory_retry(lambda: digests(again)),
            {(home.id, name): one for home in homes for name, one in known(again, home).items()},
            {row["source"]: row["prompts"] for row in database.rows("verify.kept_prompts")},
            dict.fromkeys(
                database.with_memory_retry(lambda: stale_sources(database)),
                "rows derived from its facts are not up to date",
            ),
        )


def _compare(both: _Digests, source: TrackedFile, check: SourceCheck) -> None:
    """Compare the digests of one source."""
    twin = both.twins.get((source.home, source.name))
    if twin is None or twin.cursor.offset != source.cursor.offset:
        check.detail = "the file changed during verification; run verify again"
        return
    check.hashes = (both.stored.get(source.id, NO_FACTS), both.again.get(twin.id, NO_FACTS))
    check.ok = check.hashes[0] == check.hashes[1]
    if not check.ok:
        check.detail = "the stored facts differ from those in the file"
    elif kept := both.kept.get(source.id):
        check.detail = f"{kept} older prompts are kept that the file no longer contains"
