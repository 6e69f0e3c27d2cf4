"""The database file, the files beside it, and the schema version of this program.

Needs no engine, so that a process that only talks to the owner never loads one.
"""

from importlib.resources import files
from pathlib import Path


def schema_version() -> int:
    """The number of the newest migration that this program ships."""
    names = [entry.name for entry in files("ingest.db.migrations").iterdir()]
    return max(int(name[:4]) for name in names if name.endswith(".sql"))


def identity(database: Path) -> tuple[int, int]:
    """Device and inode of the file, whatever its name; zeros where there is no file."""
    try:
        info = database.stat()
    except OSError:
        return (0, 0)
    return (info.st_dev, info.st_ino)


def beside(database: Path, suffix: str) -> Path:
    """The companion file of the database with this suffix."""
    return database.with_name(f"{database.name}.{suffix}")
