"""The marks that the hooks of `setup git` leave, and the job of the owner that reads them.

A hook only writes a small file, named after its repository, into a private folder beside the
database. The owner removes the marks and counts a change, so that whoever shows a project asks git
again.
"""

from pathlib import Path

from ingest import log
from ingest.db import paths
from ingest.db.database import Database


def folder(database: Path) -> Path:
    """Where the hooks of all repositories leave their marks."""
    return paths.beside(database, "git")


class GitNotices:
    """The owner calls `step` between rounds."""

    kind = "git"

    def __init__(self, database: Database) -> None:
        self.database = database
        self._folder = folder(database.path)
        self._seen = 0

    def step(self) -> None:
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return  # No repository has the hooks.
        if changed == self._seen:
            return
        with log.suppress("Reading the marks of git hooks", OSError):
            marks = list(self._folder.iterdir())
            for mark in marks:
                mark.unlink(missing_ok=True)
            self._seen = self._folder.stat().st_mtime_ns
            if marks:
                self.database.commits.increment()

    def close(self) -> None:
        """Nothing is unfinished between two steps."""
