"""All facts in one order, as text: equal dumps mean equal facts, whatever way they came in.

Sources are named by what they are, never by the number they happened to get; places on disk and
times of our own (when a line was read) are left out.
"""

import json
from collections.abc import Iterator

from ingest.db.database import Database
from ingest.db.load import FACT_TABLES


def dump(database: Database, source: int | None = None) -> Iterator[str]:
    """One line a fact, table by table, each in the order of its source and place."""
    con = database.reader()
    for table in FACT_TABLES:
        # Table and columns are the schema's own, never data.
        answer = con.execute(
            f"select s.kind || '/' || s.thread || '/' || s.segment as of, t.* exclude (source) "  # noqa: S608
            f'from "{table}" t join sources s on s.id = t.source '
            "where $source is null or t.source = $source order by all",
            {"source": source},
        )
        names = [column[0] for column in answer.description or ()]
        while rows := answer.fetchmany(2_000):
            for row in rows:
                fact = dict(zip(names, row, strict=True))
                yield f"{table} {json.dumps(fact, default=str, ensure_ascii=True)}"
