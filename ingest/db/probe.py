"""Opens a database read-only in a child process and returns the error, if any.

If opening crashes the engine, only the child process dies. With `scan` it reads every value of
every table, which finds corrupt blocks.
"""

import signal
import subprocess
import sys
from pathlib import Path

from ingest.db.engine import Error, connect
from ingest.interpreter import PYTHON

CRASHED = "Opening it ended the process with"


def probe(path: Path, *, scan: bool = False) -> str | None:
    """Return the engine's error message for the database at `path`; None if it opens."""
    arguments = [*PYTHON, "-m", __name__, str(path), *(["scan"] if scan else [])]
    ended = subprocess.run(arguments, capture_output=True, check=False)
    if ended.returncode == 0:
        return None
    if ended.returncode < 0:
        return f"{CRASHED} {signal.Signals(-ended.returncode).name}"
    message = ended.stdout.decode("utf-8", "replace").strip() or "It could not be opened"
    return message.splitlines()[0]


def main() -> int:
    path, scan = sys.argv[1], sys.argv[2:] == ["scan"]
    try:
        with connect(path, read_only=True, config={"threads": 1}) as con:
            tables = con.execute("select table_name from duckdb_tables() where not internal")
            for (table,) in tables.fetchall() if scan else ():
                name = table.replace('"', '""')
                con.execute(f'select bit_xor(hash(t)) from "{name}" t').fetchall()  # noqa: S608
    except Error as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
