"""Writes the facts of a group of batches to the spool: one file of JSON lines for each table.

DuckDB reads these files itself, which is the fastest way to load them. Files that were never
committed are removed at the next start.
"""

import contextlib
from pathlib import Path
from typing import IO

import msgspec

from ingest.batches.failure import classify
from ingest.errors import ErrorClass
from ingest.pipeline.batch_budget import Budget
from ingest.pipeline.job import Job, JobDone, ReaderOutput, SourceFailure
from ingest.pipeline.read_batch import ReportAlive, no_report, read
from ingest.private_files import create

_encode_lines = msgspec.json.Encoder().encode_lines


def read_group(
    jobs: list[Job], spool: Path, name: str, report: ReportAlive = no_report
) -> ReaderOutput:
    """Read a group of batches in order, and write their facts to the spool."""
    done: list[JobDone] = []
    files: dict[str, str] = {}
    budget = Budget()
    try:
        # Written batch by batch, so that only the facts of one are in memory.
        with contextlib.ExitStack() as closing:
            opened: dict[str, IO[bytes]] = {}
            for job in jobs:
                answer, facts = read(job, report, budget)
                done.append(answer)
                if facts is None:
                    continue
                for table in facts.__struct_fields__:
                    if rows := getattr(facts, table):
                        if table not in opened:
                            files[table] = str(spool / f"{name}.{table}.json")
                            opened[table] = closing.enter_context(
                                create(files[table], overwrite=True, buffering=1 << 20)
                            )
                        opened[table].write(_encode_lines(rows))
                del facts, rows
    except OSError as error:
        # Most likely the disk is full: this is not charged to any batch.
        discard(ReaderOutput([], files))
        return ReaderOutput([_not_spooled(job, error) for job in jobs])
    return ReaderOutput(done, files)


def _not_spooled(job: Job, error: OSError) -> JobDone:
    failure = classify(error)
    source_failure = SourceFailure(failure.code, ErrorClass.RESOURCE, failure.message, failure.hint)
    return JobDone(job.batch, job.source, job.cursor.offset, "failed", failure=source_failure)


def discard(output: ReaderOutput) -> None:
    for path in output.tables.values():
        Path(path).unlink(missing_ok=True)


def empty_spool(spool: Path) -> None:
    """Remove files of a process that died before committing them."""
    for path in spool.glob("*.json"):
        path.unlink(missing_ok=True)
