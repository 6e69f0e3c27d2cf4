"""What a reader's output changes: the cursors of its sources, and the rows of one commit.

Pure. A source advances in memory as soon as its output arrives, before the commit, because its
next batch is handed out then. If the commit fails, the caller drops this state and scans again.
"""

from collections.abc import Mapping

import msgspec

from ingest.codex.state import FoldState
from ingest.db.commit_results import BatchCommit, BatchEnd, CursorRow, GrownReject
from ingest.pipeline.job import JobDone, ReaderOutput
from ingest.pipeline.scan import TrackedFile

ENDS = {"read": "completed", "empty": "completed_empty", "rewritten": "superseded"}
"""The final state of a batch, by the outcome of its job."""


def advance(source: TrackedFile, done: JobDone) -> None:
    """Update the source in memory to its state after this batch."""
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
    if done.outcome == "read":
        source.completed += 1
    else:
        source.completed_empty += 1


def cursor_row(source: TrackedFile, done: JobDone, state: FoldState | None, now: str) -> CursorRow:
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
        done.batch,
        0 if done.replaces else min(done.start, done.cursor.offset),
        ENDS[done.outcome],
        done.seconds,
        source.completed,
        source.completed_empty,
        source.superseded,
        None if state is None else msgspec.json.encode(state).decode(),
        now,
    )


def batch_commits(
    outputs: list[ReaderOutput], rows: Mapping[str, CursorRow], lists: set[int]
) -> list[BatchCommit]:
    """Group outputs, in their order, into commits. Sources in `lists` are merged, not replaced.

    No source appears twice in one commit: its later facts refer to its earlier ones.
    """
    commits: list[BatchCommit] = []
    seen: set[int] = set()
    for output in outputs:
        sources = {done.source for done in output.done}
        if not commits or sources & seen:
            commits.append(BatchCommit())
            seen = set()
        seen |= sources
        _add(commits[-1], output, rows, lists)
    return commits


def _add(
    commit: BatchCommit, output: ReaderOutput, rows: Mapping[str, CursorRow], lists: set[int]
) -> None:
    for table, path in output.tables.items():
        commit.tables.setdefault(table, []).append(path)
    for done in output.done:
        if done.outcome not in ENDS:
            continue
        commit.ends.append(_end(done))
        if done.batch in rows:
            commit.cursors.append(rows[done.batch])
        commit.stale += [(table, done.source, byte) for table, byte in done.stale]
        if done.grown is not None:
            grown = done.grown
            commit.grown.append(GrownReject(done.source, grown.byte, grown.lines, grown.extent))
        if done.outcome == "read":
            commit.read.append(done.source)
        if done.replaces:
            (commit.merged if done.source in lists else commit.replaced).append(done.source)


def _end(done: JobDone) -> BatchEnd:
    return BatchEnd(
        done.batch,
        ENDS[done.outcome],
        done.reason,
        done.cursor.offset,
        done.tally.lines,
        done.facts,
        done.seconds,
    )
