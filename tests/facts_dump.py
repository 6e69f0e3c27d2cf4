"""Dumps all facts as text in a fixed order: equal dumps mean equal facts.

Sources are identified by kind, thread and segment instead of their ids. Paths and the times at
which lines were read are left out.
"""

import json
from collections.abc import Iterator

from ingest.db.database import Database
from ingest.db.load import FACT_TABLES


def dump(database: Database) -> Iterator[str]:
    """Yield one line per fact, sorted within each table."""
    con = database.reader()
    for table in FACT_TABLES:
        # Table names come from the schema, never from data.
        result = con.execute(
            f"select s.kind || '/' || s.thread || '/' || s.segment as of, t.* exclude (source) "
            f'from "{table}" t join sources s on s.id = t.source '
            "order by all"
        )
        names = [column[0] for column in result.description or ()]
        while rows := result.fetchmany(2_000):
            for row in rows:
                fact = dict(zip(names, row, strict=True))
                yield f"{table} {json.dumps(fact, default=str, ensure_ascii=True)}"
