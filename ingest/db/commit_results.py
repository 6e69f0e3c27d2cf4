"""Commits the results of batches: facts, cursors, fold states, rejected lines and batch ends.

All of it is one transaction, so that cursors and facts agree even after a crash. If one batch is
not claimed any more, nothing of the transaction is stored. Relations between sources (where a later
segment of a thread cuts off an earlier one) are updated here too.
"""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from ingest.db import search_changes, session_rows, source_rows
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES, load
from ingest.db.queue import Claim, claim
from ingest.db.search_changes import TextRange
from ingest.db.session_rows import Touched
from ingest.errors import BatchNotClaimed, Conflict, DatabaseError, EngineFailed

LiveRange = tuple[int | None, int | None]
"""The byte and the ordinal up to which a segment still counts; None for all of it."""

ATTEMPTS = 3
_READ_BACK = ("source", "generation", "byte", "completed", "completed_empty")


class BatchEnd(Struct):
    batch: str
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
    batch: str | None
    """The last batch that completed, and its range, state and duration."""
    batch_start: int
    batch_state: str
    batch_seconds: float
    completed: int
    """How many batches of this source have ended in this state, this one included."""
    completed_empty: int
    superseded: int
    state: str | None
    """The fold state."""
    updated_at: str


class GrownReject(Struct):
    """A stored run of rejected lines that the next lines continue."""

    source: int
    byte: int
    lines: int
    extent: int


class BatchCommit(Struct):
    """The results of some batches, each of a different source."""

    ends: list[BatchEnd] = field(default_factory=list)
    cursors: list[CursorRow] = field(default_factory=list)
    tables: dict[str, list[str]] = field(default_factory=dict)
    """The spooled files of facts, by table."""
    stale: list[tuple[str, int, int]] = field(default_factory=list)
    """(table, source, byte) of facts that new facts replace."""
    grown: list[GrownReject] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    """Sources with new lines, whose row in `segments` is replaced."""
    replaced: list[int] = field(default_factory=list)
    """Rewritten sources, whose old facts are deleted."""
    merged: list[int] = field(default_factory=list)
    """Rewritten prompt histories, whose old prompts are kept without a position in the file."""


class _Changes(Struct):
    """What the commits of a transaction changed. Rows are derived from all of them at once: a
    statement costs the same for much and for little."""

    sessions: list[Touched] = field(default_factory=list)
    texts: set[TextRange] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)
    revised: bool = False
    """Whether facts that were stored before may no longer count."""
    named: bool = False

    def derive_rows(self, database: Database) -> None:
        session_rows.refresh(database, self.sessions, names=self.named)
        if self.sessions:
            facts = None if self.revised else self.facts
            source_rows.refresh(database, self.sessions, self.texts, facts)


def commit_results(
    database: Database, commits: list[BatchCommit], claims: list[Claim], now: str
) -> None:
    """Store all commits and claim the next batches in one transaction.

    Tries again after a fatal error of the engine, a conflict or lack of memory. After an error it
    first reads back whether the transaction was committed nevertheless.
    """
    database.with_memory_retry(lambda: _commit(database, commits, claims, now))


def _commit(database: Database, commits: list[BatchCommit], claims: list[Claim], now: str) -> None:
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            # Claims alone show nothing new: their results are stored in a moment, and a screen that
            # loads because of them is busy then.
            with database.transaction(announce=bool(commits)):
                claim(database, claims, now)
                changes = _Changes()
                for commit in commits:
                    if commit.ends:
                        _store(database, commit, now, changes)
                changes.derive_rows(database)
        except BatchNotClaimed:
            raise
        except DatabaseError as error:
            if _is_stored(database, commits):
                return
            if not (attempts_left and isinstance(error, Conflict | EngineFailed)):
                raise
        else:
            return


def _is_stored(database: Database, commits: list[BatchCommit]) -> bool:
    """Read back whether these commits are stored after all."""
    # A source may be in several commits: its last cursor is the one to find.
    cursors = {
        row.source: {name: getattr(row, name) for name in _READ_BACK}
        for commit in commits
        for row in commit.cursors
    }
    if not cursors:
        return False  # Only claims, or ends without facts: repeating them does no harm.
    try:
        row = database.first_row("commit_results.stored_cursors", cursors=list(cursors.values()))
    except DatabaseError:
        return False  # The caller raises the first error.
    return row is not None and row["stored"] == len(cursors)


def _store(database: Database, commit: BatchCommit, now: str, changes: _Changes) -> None:
    _end_batches(database, commit.ends, now)
    # A rewritten file may belong to another session than before.
    sessions = session_rows.touched(database, commit.replaced) if commit.replaced else []
    for source in commit.replaced:
        for table in FACT_TABLES:
            _delete_facts(database, table, source)
    for table, source, byte in commit.stale:
        _delete_facts(database, table, source, byte)
    if commit.grown:
        database.run("commit_results.grow_rejects", rejects=[asdict(row) for row in commit.grown])
    sources = [row.source for row in commit.cursors]
    if "segments" in commit.tables:
        database.run("commit_results.drop_segments", sources=commit.read)
    for source in commit.merged:
        database.run("commit_results.set_prompts_aside", source=source)
        # Rejected lines are identified by their position, which has changed.
        _delete_facts(database, "rejects", source)
    for table, paths in commit.tables.items():
        load(database, table, paths)
    for source in commit.merged:
        database.run("commit_results.drop_found_prompts", source=source)
        database.run("commit_results.take_prompts_back", source=source)
    database.run("commit_results.drop_cursors", sources=sources)
    cursors = [asdict(row) for row in commit.cursors]
    database.run_in_portions("commit_results.add_cursors", "cursors", cursors)
    revised = set(commit.replaced + commit.merged)
    if "rollbacks" in commit.tables:
        revised.update(sources)
    if "segments" in commit.tables:
        revised.update(_update_live_ranges(database, sources))
        sessions += session_rows.touched(database, sources)
    changes.texts |= _record_changed_texts(database, commit, revised, now)
    changes.sessions += sessions
    changes.facts.update(commit.tables, (table for table, *_ in commit.stale))
    changes.revised = changes.revised or bool(revised)
    changes.named = changes.named or "names" in commit.tables or bool(commit.replaced)


def _end_batches(database: Database, ends: list[BatchEnd], now: str) -> None:
    ended = database.run("commit_results.end_clean", batches=[end.batch for end in ends])
    if ended != len(ends):
        ended += end_recorded(database, ends, now)
    if ended != len(ends):
        listed = ", ".join(end.batch for end in ends[:5])
        raise BatchNotClaimed(f"Of the batches {listed} one is no longer in progress.")


def end_recorded(database: Database, ends: list[BatchEnd], now: str) -> int:
    """End batches that keep their row, inside the open transaction; return how many of these were
    claimed."""
    values = {"ends": [asdict(end) for end in ends], "now": now}
    ended = database.run("commit_results.end_batches", **values)
    if ended and _have_history(database, [end.batch for end in ends]):
        database.run("commit_results.record_ends", **values)
    return ended


def _have_history(database: Database, batches: list[str]) -> bool:
    """Asked first, because most batches have none, and recording takes longer."""
    return bool(database.rows_in_transaction("commit_results.with_history", batches=batches))


def _delete_facts(database: Database, table: str, source: int, byte: int | None = None) -> None:
    # The name comes from our constants or from a fold; it cannot be bound as a parameter.
    if table not in FACT_TABLES:
        raise ValueError(f"{table} is no table of facts")
    sql = f'delete from "{table}" where source = $source'  # noqa: S608
    values = {"source": source}
    if byte is not None:
        sql += " and byte = $byte"
        values["byte"] = byte
    database.run_built(sql, values)


def _record_changed_texts(
    database: Database, commit: BatchCommit, revised: set[int], now: str
) -> set[TextRange]:
    """Record and return what has changed: of `revised` sources also texts that were stored before
    may no longer count."""
    read = [
        TextRange(row.source, row.batch_start, row.byte)
        for row in commit.cursors
        if row.byte > row.batch_start
    ]
    replaced = [TextRange(source, byte, byte + 1) for _, source, byte in commit.stale]
    changed = {part for part in read + replaced if part.source not in revised}
    changed |= {TextRange(source) for source in revised.difference(commit.replaced)}
    search_changes.record(database, sorted(changed), now)
    search_changes.record_sources(database, commit.replaced, now)
    return changed.union(map(TextRange, commit.replaced))


def _update_live_ranges(database: Database, sources: list[int]) -> list[int]:
    """Follow each thread's newest segment back to its first; all other ranges were reverted.
    Return the segments whose range has changed.
    """
    changed = []
    for thread in database.rows_in_transaction("commit_results.reverted_threads", sources=sources):
        segments = database.rows_in_transaction("commit_results.thread_segments", **thread)
        nothing: LiveRange = (0, 0)
        live = {segment["id"]: nothing for segment in segments}
        current = segments[-1] if segments else None
        until: LiveRange = (None, None)
        while current is not None and live[current["id"]] == nothing:
            live[current["id"]] = until
            until = (current["base_offset"], current["base_ordinal"])
            current = _base(segments, current, thread["thread"])
        for segment in segments:
            byte, ordinal = live[segment["id"]]
            if (segment["live_until"], segment["live_ordinal"]) != (byte, ordinal):
                changed.append(segment["id"])
                database.run(
                    "commit_results.set_live_until",
                    source=segment["id"],
                    live_until=byte,
                    live_ordinal=ordinal,
                )
    return changed


def _base(
    segments: list[dict[str, Any]], current: dict[str, Any], thread: str
) -> dict[str, Any] | None:
    """Return the segment that `current` continues."""
    named = current["base_thread"]
    wanted = "" if named == thread else named
    for segment in segments:
        if named is not None and segment["segment"] == wanted and segment is not current:
            return segment
    return None
