"""Counts the rows of a database. A process of its own, because it loads the engine."""

import json
import sys
from pathlib import Path

from ingest.db.database import Database

_TOTALS = """
select
    (select coalesce(sum(total), 0) from v_usage) as tokens,
    (select coalesce(sum(lines), 0) from cursors c join sources s on s.id = c.source
        where s.kind = 'rollout') as lines,
    (select coalesce(sum(lines), 0)::bigint from rejects) as rejected,
    (select count(*) from v_turns) as turns,
    (select count(*) from v_sessions) as sessions
"""


def main() -> None:
    with Database(Path(sys.argv[1])) as database:
        answer = database.reader().execute(_TOTALS)
        names = [column[0] for column in answer.description or ()]
        row = answer.fetchone() or ()
        print(json.dumps({name: int(value) for name, value in zip(names, row, strict=True)}))


if __name__ == "__main__":
    main()
