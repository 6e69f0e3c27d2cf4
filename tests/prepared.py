"""A Codex home that is written and ingested once, and a copy of its database for each test.

The home is shared, because the database contains the paths and inodes of its files. When a test
has changed it, it is prepared again in another folder.
"""

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class PreparedHome(Generic[T]):
    """`prepare` writes a home to `codex` in a new folder and its database to `data`. It returns
    what the tests need to know about the home."""

    def __init__(self, new_folder: Callable[[], Path], prepare: Callable[[Path], T]) -> None:
        self._new_folder = new_folder
        self._prepare = prepare
        self._folder: Path | None = None
        self._files: list[tuple[object, ...]] = []

    def copy_database(self, to: Path) -> tuple[Path, T]:
        """Copy the database to `data` in this folder. Returns the home and what is known of it."""
        if self._folder is None or _files(self._folder / "codex") != self._files:
            self._folder = self._new_folder()
            self._known = self._prepare(self._folder)
            self._files = _files(self._folder / "codex")
        shutil.copytree(self._folder / "data", to / "data")
        return self._folder / "codex", deepcopy(self._known)


def _files(home: Path) -> list[tuple[object, ...]]:
    """All files and folders, each with what changes when it is changed."""
    found: list[tuple[object, ...]] = []
    for path in (home, *home.rglob("*")):
        info = path.lstat()
        found.append((path, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns))
    return found
