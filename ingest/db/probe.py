"""Opens a database in a process of its own, changes nothing, and says how that went.

What an engine cannot survive ends this process and not the one that asked. With `scan` every value
of every table is read once, which finds blocks that no longer are what was written.
"""

import signal
import subprocess
import sys
from pathlib import Path

from ingest.db.engine import Error, connect
from ingest.interpreter import PYTHON


def probe(path: Path, *, scan: bool = False) -> str | None:
    """What is wrong with the database at `path`, in the engine's words; None if nothing is."""
    arguments = [*PYTHON, "-m", __name__, str(path), *(["scan"] if scan else [])]
    ended = subprocess.run(arguments, capture_output=True, check=False)
    if ended.returncode == 0:
        return None
    if ended.returncode < 0:
        return f"Opening it ended the program with {signal.Signals(-ended.returncode).name}"
    told = ended.stdout.decode("utf-8", "replace").strip() or "It could not be opened"
    return told.splitlines()[0]


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
