"""A parcel being packed: the facts of a group of batches, one file of JSON lines a table.

The files lie in the database's spool folder and are read by the engine itself, which is the
fastest way in. A parcel that is never stored is rubbish: the spool is emptied at start.
"""

import contextlib
import os
from pathlib import Path
from typing import IO

import msgspec

from ingest.batches.failure import ErrorClass, classify
from ingest.pipeline.batch_budget import Budget
from ingest.pipeline.job import Job, JobDone, ReaderOutput, SourceFailure
from ingest.pipeline.read_batch import ReportAlive, read, no_report

_encode_lines = msgspec.json.Encoder().encode_lines


def read_group(jobs: list[Job], spool: Path, name: str, alive: ReportAlive = no_report) -> ReaderOutput:
    """Read a group of batches, in order, and leave their facts in the spool."""
    done: list[JobDone] = []
    files: dict[str, str] = {}
    budget = Budget()
    try:
        # Written batch by batch, so that no more than the facts of one are in memory.
        with contextlib.ExitStack() as closing:
            opened: dict[str, IO[bytes]] = {}
            for job in jobs:
                answer, facts = read(job, alive, budget)
                done.append(answer)
                if facts is None:
                    continue
                for table in facts.__struct_fields__:
                    if rows := getattr(facts, table):
                        if table not in opened:
                            files[table] = str(spool / f"{name}.{table}.json")
                            opened[table] = closing.enter_context(_create(files[table]))
                        opened[table].write(_encode_lines(rows))
                del facts, rows
    except OSError as error:
        # No room, most likely. That is nobody's fault, and no batch may pay for it.
        discard(ReaderOutput([], files))
        return ReaderOutput([_not_spooled(job, error) for job in jobs])
    return ReaderOutput(done, files)


def _not_spooled(job: Job, error: OSError) -> JobDone:
    failure = classify(error)
    trouble = SourceFailure(failure.code, ErrorClass.RESOURCE, failure.message, failure.hint)
    return JobDone(job.batch, job.lease, job.source, job.cursor.offset, "failed", trouble=trouble)


def _create(path: str) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "wb", 1 << 20)


def discard(parcel: ReaderOutput) -> None:
    for path in parcel.tables.values():
        Path(path).unlink(missing_ok=True)


def empty_spool(spool: Path) -> None:
    """Remove what a process that died left in the spool; its cursors never moved."""
    for path in spool.glob("*.json"):
        path.unlink(missing_ok=True)
