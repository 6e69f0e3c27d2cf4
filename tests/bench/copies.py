"""Copies of the sessions in a database, for sizes of which the files would take too much room.

As a process: `python -m tests.bench.copies DATABASE TIMES`.
"""

import sys
from pathlib import Path
from typing import Final

from ingest.db.database import Database

STEP: Final = 100_000
"""How far the numbers of the copies of a source are apart."""
_SOURCE: Final = f"source + {STEP} * copy as source"
_RENAMED: Final = {
    "sources": f"id + {STEP} * copy as id, thread || '-' || copy as thread",
    "session_rows": f"{_SOURCE}, id || '-' || copy as id, root_id || '-' || copy as root_id",
    "session_tasks": "id || '-' || copy as id",
    "segments": f"{_SOURCE}, thread || '-' || copy as thread",
    **dict.fromkeys(
        (
            "cursors",
            "turns",
            "messages",
            "calls",
            "files",
            "plans",
            "usage",
            "usage_days",
            "turn_rows",
            "command_rows",
            "decision_rows",
            "kind_rows",
            "tag_rows",
        ),
        _SOURCE,
    ),
}


def multiply(database: Database, times: int) -> None:
    """Copy all sessions so many times, each with ids of its own."""
    copies = f"(select unnest(range(1, {times + 1})) as copy)"
    with database.transaction():
        for table, renamed in _RENAMED.items():
            database.execute(
                f"insert into {table} by name "
                f"select t.* exclude (copy) replace ({renamed}) from (from {table}, {copies}) t"
            )


if __name__ == "__main__":
    with Database(Path(sys.argv[1])) as opened:
        opened.raise_memory_limit()
        opened.raise_memory_limit()
        opened.raise_memory_limit()
        multiply(opened, int(sys.argv[2]))
        print("{}")
