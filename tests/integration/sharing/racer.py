"""Two of these race for one database: each time they are told to, one has to become the owner."""

import sys
from pathlib import Path

from ingest.store.client import RemoteDatabase
from ingest.store.doorplate import Role
from ingest.worker.entrance import Wish, enter


def main(path: Path) -> None:
    for line in sys.stdin:
        with enter(path, Wish([], Role.FOLLOW)) as found:
            guest = isinstance(found, RemoteDatabase)
            sys.stdout.write("guest\n" if guest else "owner\n")
            sys.stdout.flush()
            sys.stdin.readline()
        sys.stdout.write(f"left {line}")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
