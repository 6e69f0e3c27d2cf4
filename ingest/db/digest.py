"""Computes one digest of the facts of each source, with one query per table.

Equal facts have equal digests in every database of the same engine, independent of source ids and
of the order of insertion. Prompts that no longer exist in a file are left out.
"""

import hashlib
from typing import Final

from ingest.db.database import Database
from ingest.db.load import FACT_TABLES

NO_FACTS: Final = hashlib.sha256().hexdigest()
_FILTERS: Final = {"prompts": "where byte >= 0"}


def digests(database: Database) -> dict[int, str]:
    """Return the digest of each source that has facts."""
    con = database.reader()
    hashes: dict[int, hashlib._Hash] = {}
    for table in FACT_TABLES:
        columns = ", ".join(f'"{name}"' for name, _ in database.columns(table) if name != "source")
        # Table and column names come from the schema, never from data.
        rows = con.execute(
            f"select source, count(*), sum(hash({columns})), bit_xor(hash(1, {columns})) "  # noqa: S608
            f'from "{table}" {_FILTERS.get(table, "")} group by source order by source'
        )
        while part := rows.fetchmany(2_000):
            for source, *facts in part:
                digest = hashes.setdefault(source, hashlib.sha256())
                digest.update(f"{table} {facts}\n".encode())
    return {source: digest.hexdigest() for source, digest in hashes.items()}
