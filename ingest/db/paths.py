"""Paths of the database's files, and this program's schema version.

Does not import the engine, so that clients of the owner start faster.
"""

from importlib.resources import files
from pathlib import Path


def schema_version() -> int:
    """Return the number of the newest migration."""
    names = [entry.name for entry in files("ingest.db.migrations").iterdir()]
    return max(int(name[:4]) for name in names if name.endswith(".sql"))


def identity(database: Path) -> tuple[int, int]:
    """Return device and inode of the file; zeros if it does not exist."""
    try:
        info = database.stat()
    except OSError:
        return (0, 0)
    return (info.st_dev, info.st_ino)


def beside(database: Path, suffix: str) -> Path:
    """Return the path of the database's companion file with this suffix."""
    return database.with_name(f"{database.name}.{suffix}")
