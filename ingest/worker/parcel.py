"""A parcel being packed: the facts of a group of batches, one file of JSON lines a table.

The files lie in the database's spool folder and are read by the engine itself, which is the
fastest way in. A parcel that is never stored is rubbish: the spool is emptied at start.
"""

import os
from pathlib import Path

import msgspec

from ingest.worker.job import Done, Job, Parcel
from ingest.worker.reading import read

_encode_lines = msgspec.json.Encoder().encode_lines


def pack(jobs: list[Job], spool: Path, name: str) -> Parcel:
    """Read a group of batches, in order, and leave their facts in the spool."""
    done: list[Done] = []
    tables: dict[str, list[bytes]] = {}
    for job in jobs:
        answer, facts = read(job)
        done.append(answer)
        if facts is not None:
            for table in facts.__struct_fields__:
                if rows := getattr(facts, table):
                    tables.setdefault(table, []).append(_encode_lines(rows))
    return Parcel(done, {table: _write(spool, name, table, tables[table]) for table in tables})


def _write(spool: Path, name: str, table: str, parts: list[bytes]) -> str:
    path = spool / f"{name}.{table}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(parts)
    return str(path)


def discard(parcel: Parcel) -> None:
    for path in parcel.tables.values():
        Path(path).unlink(missing_ok=True)


def sweep(spool: Path) -> None:
    """Remove what a process that died left in the spool; its cursors never moved."""
    for path in spool.glob("*.json"):
        path.unlink(missing_ok=True)
