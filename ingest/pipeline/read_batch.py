"""Reads one batch: open the file, check that it is the same file, fold its whole lines.

The same code runs in a reader process and in the owner. It does not touch the database: the facts
are returned, and take effect when the owner commits them.
"""

import os
import time
import traceback
from collections.abc import Callable
from io import BytesIO

import msgspec

from ingest.batches.failure import classify
from ingest.codex import typescript
from ingest.codex.facts import Facts
from ingest.codex.fold import Fold, LineFault
from ingest.codex.indexes import IndexFold
from ingest.codex.rejects import KILLED
from ingest.codex.state import FoldState
from ingest.errors import SourceError
from ingest.pipeline.batch_budget import Budget
from ingest.pipeline.job import WHOLE, Job, JobDone, SourceFailure
from ingest.tail.cursor import Cursor, Mark, Verdict, advance, judge, restart, with_hints
from ingest.tail.lines import Block, blocks
from ingest.tail.opening import open_source
from ingest.tail.reader import Reader
from ingest.tail.rotation import joined
from ingest.tail.source import Kind
from ingest.text.redact import mask

TRACE_CHARS = 4_000

ReportAlive = Callable[[str, int, str], None]
"""Called with batch, byte and kind of place (see `JobAlive`) to report progress."""


def no_report(_batch: str, _byte: int, _place: str) -> None:
    """Does not report progress."""


def read(
    job: Job, report: ReportAlive = no_report, budget: Budget | None = None
) -> tuple[JobDone, Facts | None]:
    """Run one job. Errors are returned in the `JobDone`, never raised."""
    began = time.perf_counter()
    budget = budget or Budget()
    budget.begin()
    report(job.batch, job.cursor.offset, "")
    try:
        with open_source(os.fsdecode(job.path), job.representation) as newest:
            newest.end()
            reader = _with_older_parts(job, newest)
            with reader:
                done, facts = _read_opened(job, reader, report, budget)
            done.bytes_read = reader.bytes_read
    except SourceError as error:
        done, facts = _failed(job, _source_failure(error)), None
    except Exception as error:  # noqa: BLE001 - recorded as the failure of this batch
        failure = classify(error)
        done = _failed(job, SourceFailure(failure.code, failure.cls, failure.message, failure.hint))
        facts = None
    done.seconds = time.perf_counter() - began
    return done, facts


def _with_older_parts(job: Job, newest: Reader) -> Reader:
    """The file with its older parts, if Codex replaced it by a successor."""
    if job.kind is not Kind.ROLLOUT:
        return newest
    starts = {} if job.state is None or job.restart else job.state.part_starts
    read_to = 0 if job.restart else job.cursor.offset
    if read_to and not starts and judge(job.cursor, newest).verdict is not Verdict.REWRITTEN:
        return newest  # It continues where it was read to, so it has not been replaced.
    return joined(newest, starts, read_to)


def _read_opened(
    job: Job, reader: Reader, report: ReportAlive, budget: Budget
) -> tuple[JobDone, Facts | None]:
    cursor = job.cursor
    budget.opened()
    if job.restart:
        cursor = restart(cursor)
    elif cursor.offset:
        judgement = judge(cursor, reader)
        changed = judgement.verdict is Verdict.APPENDED and job.kind is Kind.TYPESCRIPT
        if judgement.verdict is Verdict.REWRITTEN or changed:
            return _done(job, cursor, "rewritten", judgement.reason), None
        if judgement.verdict is not Verdict.APPENDED:
            seen = with_hints(cursor, reader.seen)
            return _done(job, seen, "empty", judgement.reason), None
    if job.kind is Kind.TYPESCRIPT:
        return _document(job, reader, cursor)
    return _lines(job, reader, cursor, report, budget)


def _lines(
    job: Job, reader: Reader, cursor: Cursor, report: ReportAlive, budget: Budget
) -> tuple[JobDone, Facts | None]:
    """Fold the lines of a range. A line on which our code fails ends the range before it and is
    rejected as the first line of the next range, so each line is folded twice at most.
    """
    faults = dict.fromkeys(job.lines_to_skip, KILLED)
    limit = job.limit
    while True:
        fold = _fold(job, faults, reader)
        lines = blocks(reader, cursor.offset, limit, job.cap)
        try:
            for part in lines:
                report(job.batch, part.offset, "block" if job.isolated else "")
                if isinstance(part, Block):
                    _feed(job, fold, part, report)
                else:
                    fold.oversize(part.offset, part.length, part.sha256, part.head, part.tail)
                # A rewritten history is merged as a whole, so no budget ends it early.
                if job.limit < WHOLE and budget.is_exhausted(fold.facts):
                    break
                del part  # Free a long line before the next one is read.
        except LineFault as fault:
            if fault.offset == cursor.offset:
                faults[fault.offset] = _trace(fault)
            else:
                limit = fault.offset - cursor.offset
            continue
        break
    if lines.position == cursor.offset:
        # There is no whole line: the cursor stays, also that of an older generation.
        seen = with_hints(job.cursor, reader.seen)
        done = _done(job, seen, "empty", "no whole line yet")
        done.partial = lines.partial
        return done, None
    done = _done(job, advance(cursor, lines.mark()), "read")
    done.partial = lines.partial
    done.more = lines.more
    budget.charge(fold.facts)
    return _folded(done, fold), fold.facts


def _feed(job: Job, fold: Fold | IndexFold, block: Block, report: ReportAlive) -> None:
    """Fold a block; if a reader died in it, line by line, each reported before."""
    near, begin = job.report_lines_near, block.offset
    if near is None or not begin <= near < begin + len(block.data):
        fold.feed(begin, block.data)
        return
    for raw in BytesIO(block.data):
        report(job.batch, begin, "line")
        fold.feed(begin, raw)
        begin += len(raw)


def _document(job: Job, reader: Reader, cursor: Cursor) -> tuple[JobDone, Facts | None]:
    size = reader.end()
    if size == 0:
        return _done(job, with_hints(job.cursor, reader.seen), "empty", "an empty file"), None
    fold = _read_document(job, reader, size)
    mark = Mark(size, reader.head(), reader.before(size), reader.seen)
    done = _done(job, advance(cursor, mark), "read")
    return _folded(done, fold), fold.facts


def _read_document(job: Job, reader: Reader, size: int) -> Fold:
    if size > job.cap:
        fold = Fold(job.source, job.thread)
        fold.oversize(0, size, "", reader.head(), reader.before(size))
        return fold
    data = _read_whole(reader, size)
    faults: dict[int, str] = {}
    while True:
        fold = Fold(job.source, job.thread, None, faults)
        try:
            typescript.feed(fold, data)
        except LineFault as fault:
            faults[fault.offset] = _trace(fault)
        else:
            return fold


def _trace(fault: LineFault) -> str:
    return mask("".join(traceback.format_exception(fault.error)))[-TRACE_CHARS:]


def _fold(job: Job, faults: dict[int, str], reader: Reader) -> Fold | IndexFold:
    # Folding modifies the state, so each attempt starts with a copy.
    state = None if job.restart or job.state is None else _copy(job)
    if job.kind is Kind.ROLLOUT:
        refused = reader.refused
        told = None if refused is None else (refused.offset, refused.line, refused.message)
        fold = Fold(job.source, job.thread, state, faults, told)
        fold.state.part_starts = dict(reader.starts)
        return fold
    return IndexFold(job.source, job.kind is Kind.SESSION_INDEX, state, faults)


def _copy(job: Job) -> FoldState:
    return msgspec.json.decode(msgspec.json.encode(job.state), type=FoldState)


def _folded(done: JobDone, fold: Fold | IndexFold) -> JobDone:
    folded = fold.finish()
    done.state = folded.state
    done.stale = folded.stale
    done.grown = folded.grown
    done.tally = fold.tally
    done.facts = fold.facts.count()
    return done


def _read_whole(reader: Reader, size: int) -> bytes:
    parts = []
    at = 0
    while at < size and (part := reader.read_at(at, size - at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _done(job: Job, cursor: Cursor, outcome: str, reason: str | None = None) -> JobDone:
    return JobDone(
        job.batch,
        job.source,
        job.cursor.offset,
        outcome,
        cursor,
        replaces=job.restart and outcome == "read",
        reason=reason,
    )


def _failed(job: Job, trouble: SourceFailure) -> JobDone:
    done = _done(job, job.cursor, "failed")
    done.failure = trouble
    return done


def _source_failure(error: SourceError) -> SourceFailure:
    return SourceFailure(f"source.{error.code}", error.kind, error.message, error.hint)
