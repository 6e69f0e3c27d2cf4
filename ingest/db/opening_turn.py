"""Gives one process at a time a turn to open the database, out of many that wait for it.

Each attempt to open the database costs the engine milliseconds, also if another process has it.
When hundreds of commands wait, their attempts would take most of the processor from the process
that they wait for. Waiting for a turn costs one system call now and then. The turn is a lock on the
folder of the database, so it leaves no file and ends with its process. It is only an optimisation:
the engine's own lock decides who has the database.
"""

import fcntl
import os
from pathlib import Path

from ingest import log


class OpeningTurn:
    def __init__(self, database: Path) -> None:
        self._folder: int | None = None
        self._is_taken = False
        # A missing folder is created, or reported, by the attempt to open the database.
        with log.suppress("Opening the folder of the database", PermissionError):
            if database.parent.is_dir():
                self._folder = os.open(database.parent, os.O_RDONLY | os.O_CLOEXEC)

    def take(self) -> bool:
        """Take the turn if no other process has it; returns whether this process has it now."""
        if self._is_taken or self._folder is None:
            return True
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # On a file system without locks, every process tries for itself.
            log.suppressed("Locking the folder of the database", error)
        self._is_taken = True
        return True

    def __enter__(self) -> "OpeningTurn":
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None
