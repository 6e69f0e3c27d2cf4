"""Two of these race for one database: on each signal exactly one must become the owner."""

import sys
from pathlib import Path

from ingest.pipeline.bootstrap import ServerOptions, start_or_connect
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role


def main(path: Path) -> None:
    for line in sys.stdin:
        with start_or_connect(path, ServerOptions([], Role.FOLLOW)) as found:
            is_client = isinstance(found, DatabaseClient)
            sys.stdout.write("client\n" if is_client else "owner\n")
            sys.stdout.flush()
            sys.stdin.readline()
        sys.stdout.write(f"left {line}")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
