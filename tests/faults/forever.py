"""A program that ingests until it is killed: `python -m tests.faults.forever DB HOME BATCH_BYTES`.

Tells on standard output that it reads, so that whoever kills it need not guess when it began.
"""

import sys
from pathlib import Path

from ingest.store.recovery import open_database
from ingest.worker.drain import Tuning
from ingest.worker.homes import homes
from ingest.worker.owner import Owner


def main() -> None:
    path, home, batch_bytes = sys.argv[1:]
    database, _ = open_database(Path(path))
    owner = Owner(database, homes([Path(home)]), Tuning(batch_bytes=int(batch_bytes)))
    while True:
        sys.stdout.write("reading\n")
        sys.stdout.flush()
        owner.once()


if __name__ == "__main__":
    main()
