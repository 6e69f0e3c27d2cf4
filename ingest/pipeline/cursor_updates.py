"""What a parcel changes in the books: how far its sources are read now, and what is stored for it.

Pure. A source is moved on as soon as its parcel is back, before that is stored, because its next
batch is handed out then; whoever fails to store forgets all of it and surveys again.
"""

from collections.abc import Mapping

import msgspec

from ingest.codex.state import FoldState
from ingest.db.commit_results import BatchCommit, BatchEnd, CursorRow, GrownReject
from ingest.pipeline.job import JobDone, ReaderOutput
from ingest.pipeline.scan import TrackedFile

ENDS = {"read": "completed", "empty": "completed_empty", "rewritten": "superseded"}
"""What becomes of a batch, by the outcome of its reading."""


def advance(source: TrackedFile, done: JobDone) -> None:
    """What is known of the source, once this batch is stored."""
    tally = done.tally
    if done.replaces:
        source.lines = source.stored = source.rejected = source.blank = 0
        source.rewrites += 1
    source.cursor = done.cursor
    source.read = True
    source.partial = done.partial
    source.lines += tally.lines
    source.stored += tally.stored
    source.rejected += tally.rejected
    source.blank += tally.blank


def cursor_row(source: TrackedFile, state: FoldState | None, now: str) -> CursorRow:
    cursor = source.cursor
    return CursorRow(
        source.id,
        cursor.generation,
        cursor.offset,
        cursor.size,
        cursor.mtime_ns,
        cursor.dev,
        cursor.inode,
        cursor.head_len,
        cursor.head_hash,
        cursor.tail_hash,
        source.partial,
        source.lines,
        source.stored,
        source.rejected,
        source.blank,
        source.rewrites,
        None if state is None else msgspec.json.encode(state).decode(),
        now,
    )


def batch_commits(
    taken: list[ReaderOutput], rows: Mapping[str, CursorRow], lists: set[int]
) -> list[BatchCommit]:
    """What is stored for these parcels, in their order. `lists` are the sources that are merged.

    A source that comes again begins another landing, because its facts build on each other.
    """
    found: list[BatchCommit] = []
    seen: set[int] = set()
    for parcel in taken:
        sources = {done.source for done in parcel.done}
        if not found or sources & seen:
            found.append(BatchCommit())
            seen = set()
        seen |= sources
        _add(found[-1], parcel, rows, lists)
    return found


def _add(
    landing: BatchCommit, parcel: ReaderOutput, rows: Mapping[str, CursorRow], lists: set[int]
) -> None:
    for table, path in parcel.tables.items():
        landing.tables.setdefault(table, []).append(path)
    for done in parcel.done:
        if done.outcome not in ENDS:
            continue
        landing.ends.append(_end(done))
        if done.lease in rows:
            landing.cursors.append(rows[done.lease])
        landing.stale += [(table, done.source, byte) for table, byte in done.stale]
        if done.grown is not None:
            grown = done.grown
            landing.grown.append(GrownReject(done.source, grown.byte, grown.lines, grown.extent))
        if done.outcome == "read":
            landing.read.append(done.source)
        if done.replaces:
            (landing.merged if done.source in lists else landing.replaced).append(done.source)


def _end(done: JobDone) -> BatchEnd:
    return BatchEnd(
        done.batch,
        done.lease,
        ENDS[done.outcome],
        done.reason,
        done.cursor.offset,
        done.tally.lines,
        done.facts,
        done.seconds,
    )
