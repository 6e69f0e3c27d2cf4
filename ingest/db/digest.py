"""The facts of every source as one short digest each, worked out by the engine in one pass a table.

Equal facts have equal digests in every database of this engine, whatever number a source has in it
and whatever order its facts came in. Prompts that stand in no file any more are left out.
"""

import hashlib
from typing import Final

from ingest.db.database import Database
from ingest.db.load import FACT_TABLES

NO_FACTS: Final = hashlib.sha256().hexdigest()
_GONE: Final = {"prompts": "where byte >= 0"}


def digests(database: Database) -> dict[int, str]:
    """Source to digest; a source without facts is not among them."""
    con = database.reader()
    found: dict[int, hashlib._Hash] = {}
    for table in FACT_TABLES:
        columns = ", ".join(f'"{name}"' for name, _ in database.columns(table) if name != "source")
        # Table and columns are the schema's own, never data.
        rows = con.execute(
            f"select source, count(*), sum(hash({columns})), bit_xor(hash(1, {columns})) "  # noqa: S608
            f'from "{table}" {_GONE.get(table, "")} group by source order by source'
        )
        while part := rows.fetchmany(2_000):
            for source, *facts in part:
                digest = found.setdefault(source, hashlib.sha256())
                digest.update(f"{table} {facts}\n".encode())
    return {source: digest.hexdigest() for source, digest in found.items()}
