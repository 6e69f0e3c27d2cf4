"""Where a parcel comes down: facts, cursors, fold states, rejected lines and the ends of batches.

All of it is one transaction, so that whatever the process dies of, the cursor and what it stands
for agree. A batch whose lease was lost makes the whole parcel void. What ties sources together (a
rollback counts turns, a later segment ends an earlier one) is brought up to date here too.
"""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from ingest.db.database import Database
from ingest.db.errors import Conflict, EngineGaveUp, LostLease, StoreError
from ingest.db.load import FACT_TABLES, load
from ingest.db.queue import Claim, claim

Live = tuple[int | None, int | None]
"""Up to which byte and which number a segment still counts; None for all of it."""

TRIES = 3


class BatchEnd(Struct):
    batch: str
    lease: str
    state: str
    reason: str | None
    finish: int
    lines: int
    facts: int
    seconds: float


class CursorRow(Struct):
    source: int
    generation: int
    byte: int
    size: int
    mtime_ns: int
    dev: int
    inode: int
    head_len: int
    head_hash: str
    tail_hash: str
    partial: int
    lines: int
    stored: int
    rejected: int
    blank: int
    rewrites: int
    state: str | None
    updated_at: str


class GrownReject(Struct):
    """A stretch of rejected lines, stored before, that turned out to go on."""

    source: int
    byte: int
    lines: int
    extent: int


class BatchCommit(Struct):
    """What some batches came to, each of another source."""

    ends: list[BatchEnd] = field(default_factory=list)
    cursors: list[CursorRow] = field(default_factory=list)
    tables: dict[str, list[str]] = field(default_factory=dict)
    """Table to the spooled files of its facts."""
    stale: list[tuple[str, int, int]] = field(default_factory=list)
    """(table, source, byte) of facts that the new ones replace."""
    grown: list[GrownReject] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    """Sources with new lines, whose session is told anew as a whole."""
    replaced: list[int] = field(default_factory=list)
    """Sources that were rewritten: what was known of them goes."""
    merged: list[int] = field(default_factory=list)
    """Rewritten lists of prompts: what they no longer hold is kept, without a place."""


def commit_results(
    database: Database, landings: list[BatchCommit], claims: list[Claim], by: str, now: str
) -> None:
    """Store it all, one landing after the other, and claim what is worked on next; or nothing.

    An engine that gave up, a conflict, or one without room in memory gets another try. Whether a
    commit that ended in an error was made nevertheless is read back before anything is done a
    second time.
    """
    database.with_memory_retry(lambda: _try(database, landings, claims, by, now))


def _try(
    database: Database, landings: list[BatchCommit], claims: list[Claim], by: str, now: str
) -> None:
    for left in reversed(range(TRIES)):
        try:
            with database.transaction():
                claim(database, claims, by, now)
                for landing in landings:
                    if landing.ends:
                        _land(database, landing, now)
        except LostLease:
            raise
        except StoreError as error:
            if _is_stored(database, landings, now):
                return
            if not (left and isinstance(error, Conflict | EngineGaveUp)):
                raise
        else:
            return


def _is_stored(database: Database, landings: list[BatchCommit], now: str) -> bool:
    ends = [end for landing in landings for end in landing.ends]
    if not ends:
        return False  # Claims alone can be made twice.
    try:
        found = database.one("landing.ended", ends=[asdict(end) for end in ends], now=now)
    except StoreError:
        return False  # It cannot even be read: the error that led here says why.
    return found is not None and found["ended"] == len(ends)


def _land(database: Database, landing: BatchCommit, now: str) -> None:
    _end_batches(database, landing.ends, now)
    for source in landing.replaced:
        for table in FACT_TABLES:
            _forget(database, table, source)
    for table, source, byte in landing.stale:
        _forget(database, table, source, byte)
    if landing.grown:
        database.run("landing.grow_rejects", rejects=[asdict(row) for row in landing.grown])
    sources = [row.source for row in landing.cursors]
    if "segments" in landing.tables:
        database.run("landing.drop_segments", sources=landing.read)
    for source in landing.merged:
        database.run("landing.set_prompts_aside", source=source)
        # A rejected line is known by its place, which is another one now or none.
        _forget(database, "rejects", source)
    for table, paths in landing.tables.items():
        load(database, table, paths)
    for source in landing.merged:
        database.run("landing.drop_found_prompts", source=source)
        database.run("landing.take_prompts_back", source=source)
    database.run("landing.drop_cursors", sources=sources)
    database.run("landing.add_cursors", cursors=[asdict(row) for row in landing.cursors])
    if "segments" in landing.tables:
        _settle_segments(database, sources)


def _end_batches(database: Database, ends: list[BatchEnd], now: str) -> None:
    rows = [asdict(end) for end in ends]
    ended = database.run("landing.end_batches", ends=rows, now=now)
    if ended != len(ends):
        raise LostLease([end.batch for end in ends])
    database.run("landing.tell_ends", ends=rows, now=now)


def _forget(database: Database, table: str, source: int, byte: int | None = None) -> None:
    # The table is one of our own constants, or named by the fold.
    if table not in FACT_TABLES:
        raise ValueError(f"{table} is no table of facts")
    sql = f'delete from "{table}" where source = $source'  # noqa: S608
    values = {"source": source}
    if byte is not None:
        sql += " and byte = $byte"
        values["byte"] = byte
    database.execute(sql, values)


def _settle_segments(database: Database, sources: list[int]) -> None:
    """Follow each thread's newest segment down to where it began: the rest was reverted."""
    for thread in database.query("landing.reverted_threads", sources=sources):
        segments = database.query("landing.thread_segments", **thread)
        nothing: Live = (0, 0)
        live = {segment["id"]: nothing for segment in segments}
        current = segments[-1] if segments else None
        until: Live = (None, None)
        while current is not None and live[current["id"]] == nothing:
            live[current["id"]] = until
            until = (current["base_offset"], current["base_ordinal"])
            current = _base(segments, current, thread["thread"])
        for segment in segments:
            byte, ordinal = live[segment["id"]]
            if (segment["live_until"], segment["live_ordinal"]) != (byte, ordinal):
                database.run(
                    "landing.set_live_until",
                    source=segment["id"],
                    live_until=byte,
                    live_ordinal=ordinal,
                )


def _base(
    segments: list[dict[str, Any]], current: dict[str, Any], thread: str
) -> dict[str, Any] | None:
    """The segment that `current` goes on from: it names a segment, or the thread's first."""
    named = current["base_thread"]
    wanted = "" if named == thread else named
    for segment in segments:
        if named is not None and segment["segment"] == wanted and segment is not current:
            return segment
    return None
