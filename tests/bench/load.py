"""A queue of a hundred thousand batches: listed, filtered and retried. A process of its own.

Prints the durations of each operation in seconds, and the number of batches it changed.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.db.actions import execute_action, matched_items
from ingest.db.database import Database

NOW = datetime(2026, 11, 21, 12)
_FILL = """
insert into batches by name
select
    left(md5(i::varchar), 16) as id, 'ingest' as kind, (i % 300)::integer as source,
    0 as generation, i * 1000 as start, i * 1000 + 1000 as finish,
    if(i % $failed = 0, 'failed', 'completed') as state, 3 as attempts, 3 as lifetime_attempts,
    0 as rescues, if(i % $failed = 0, 'io_error', null) as error_code,
    'transient' as error_class, 'It broke.' as error_message,
    $now::timestamp as created_at, $now::timestamp - to_seconds(i) as updated_at
from range($batches) t(i)
"""
_HISTORY = """
insert into batch_moves by name
select id as batch, updated_at as time, 'fail' as move, 'claimed' as old, state as new,
    'auto' as actor, 1 as attempt
from batches
"""
_AGAIN = "update batches set state = 'failed' where state = 'pending'"
_LISTED: dict[str, object] = {
    **dict.fromkeys(("state", "kind", "error", "session", "since", "until")),
    "limit": 200,
    "offset": 0,
}


def timed(
    work: Callable[[], object], runs: int, again: Callable[[], object] = lambda: None
) -> list[float]:
    """The duration of each run; `again` restores the state before each."""
    seconds = []
    for _ in range(runs):
        again()
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def measure(folder: Path, batches: int, failed_every: int, runs: int) -> dict[str, list[float]]:
    with Database(folder / f"load-{failed_every}.duckdb") as database:
        values = {"batches": batches, "failed": failed_every, "now": NOW.isoformat()}
        database.execute(_FILL, values)
        database.execute(_HISTORY)
        database.checkpoint()
        commands = iter(range(1_000_000))

        def retry() -> None:
            action = BatchAction(
                id=f"c{next(commands)}",
                verb=Verb.RETRY,
                selection=Selection(only_error=True),
                actor="bench",
            )
            at = NOW + timedelta(seconds=1)
            done = execute_action(database, action, at)
            assert done.done == batches // failed_every

        def match() -> None:
            matched_items(database, "c0")

        failing = _LISTED | {"state": "failed", "error": "io_error"}
        return {
            "list": timed(lambda: database.rows("batches.listed", **_LISTED), runs),
            "filter": timed(lambda: database.rows("batches.listed", **failing), runs),
            "retry": timed(retry, runs, lambda: database.execute(_AGAIN)),
            "tell": timed(match, runs),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batches", type=int, default=100_000)
    parser.add_argument("--failed-every", type=int, default=1)
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.folder, chosen.batches, chosen.failed_every, chosen.runs)))


if __name__ == "__main__":
    main()
