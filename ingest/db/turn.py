"""Gives one process at a time a turn to get at the database, out of many that wait for it.

An attempt to open the database costs more than ten milliseconds of processor, also if another
process has it; so does each connection to a command that ends soon. When hundreds of commands wait,
their attempts would take most of the processor from the process that they wait for. Waiting for a
turn costs one system call now and then. The turn is a lock on the spool folder, so it leaves no
file and ends with its process. It only saves work: the engine's lock decides who is the owner.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from ingest import log
from ingest.db.paths import beside


class Turn:
    def __init__(self, database: Path) -> None:
        self._path = beside(database, "spool")
        self._folder: int | None = None
        self._is_taken = False

    def take(self) -> bool:
        """Take the turn if no other process has it; returns whether this process has it now.

        Nobody waits for a turn if the folder is missing, or on a file system without locks.
        """
        if self._folder is None:
            # Whoever may not open it learns why when it opens the database.
            with contextlib.suppress(OSError):
                self._folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if self._is_taken or self._folder is None:
            return True
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            log.suppressed("Locking the spool folder", error)
        self._is_taken = True
        return True

    def give_back(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
        self._folder, self._is_taken = None, False

    def __enter__(self) -> "Turn":
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()
