"""A parcel being packed: the facts of a group of batches, one file of JSON lines a table.

The files lie in the database's spool folder and are read by the engine itself, which is the
fastest way in. A parcel that is never stored is rubbish: the spool is emptied at start.
"""

import os
from pathlib import Path

import msgspec

from ingest.batches.failure import ErrorClass, classify
from ingest.worker.job import Done, Job, Parcel, Trouble
from ingest.worker.reading import Alive, read, silent

_encode_lines = msgspec.json.Encoder().encode_lines


def pack(jobs: list[Job], spool: Path, name: str, alive: Alive = silent) -> Parcel:
    """Read a group of batches, in order, and leave their facts in the spool."""
    done: list[Done] = []
    tables: dict[str, list[bytes]] = {}
    for job in jobs:
        answer, facts = read(job, alive)
        done.append(answer)
        if facts is not None:
            for table in facts.__struct_fields__:
                if rows := getattr(facts, table):
                    tables.setdefault(table, []).append(_encode_lines(rows))
    files: dict[str, str] = {}
    try:
        for table, parts in tables.items():
            files[table] = str(spool / f"{name}.{table}.json")
            _write(files[table], parts)
    except OSError as error:
        # No room, most likely. That is nobody's fault, and no batch may pay for it.
        discard(Parcel([], files))
        return Parcel([_not_spooled(answer, error) for answer in done])
    return Parcel(done, files)


def _not_spooled(done: Done, error: OSError) -> Done:
    failure = classify(error)
    trouble = Trouble(failure.code, ErrorClass.RESOURCE, failure.message, failure.hint)
    return Done(done.batch, done.lease, done.source, done.start, "failed", trouble=trouble)


def _write(path: str, parts: list[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(parts)


def discard(parcel: Parcel) -> None:
    for path in parcel.tables.values():
        Path(path).unlink(missing_ok=True)


def sweep(spool: Path) -> None:
    """Remove what a process that died left in the spool; its cursors never moved."""
    for path in spool.glob("*.json"):
        path.unlink(missing_ok=True)
