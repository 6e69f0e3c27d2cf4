"""A program that ingests until it is killed: `python -m tests.faults.forever DB HOME BATCH_BYTES`.

Prints a line when it begins to read, so that a test knows when to kill it.
"""

import sys
from pathlib import Path

from ingest.db.recovery import open_database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings


def main() -> None:
    path, home, batch_bytes = sys.argv[1:]
    database, _ = open_database(Path(path))
    owner = Owner(database, homes([Path(home)]), RunSettings(batch_bytes=int(batch_bytes)))
    while True:
        sys.stdout.write("reading\n")
        sys.stdout.flush()
        owner.read_once()


if __name__ == "__main__":
    main()
