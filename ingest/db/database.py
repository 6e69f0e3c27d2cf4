"""The database file: opened by one process, private, and closed so that it opens fast again.

Whoever holds a `Database` holds the only writing lock. Reads go through `reader()`, a cursor of
their own for each thread. What goes wrong is a `StoreError` that says what and why; how a damaged
file is brought back is `recovery.py`'s business, and `recovery.open_database` the usual way in.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ingest.db import migrate
from ingest.db.commit_counter import CommitCounter
from ingest.db.engine import Connection, Error, FatalException, TransactionException, connect
from ingest.db.engine_errors import explain
from ingest.db.errors import (
    Damaged,
    DatabaseUnusable,
    DiskFull,
    ForkedProcess,
    MemoryLimit,
    NoText,
    Replaced,
    StoreError,
)
from ingest.db.file_checks import check_database_files
from ingest.db.paths import identity
from ingest.db.queries import statement

__all__ = [
    "BACKLOG_CHECKPOINT",
    "TAIL_CHECKPOINT",
    "THREADS",
    "Database",
    "explain",
    "fetch_records",
]

T = TypeVar("T")
ROOM, MOST_ROOM = 128, 1024
"""Megabytes that the engine may have: enough for some ten thousand sessions; and what it is given
at most, where a question needs more."""
BACKLOG_CHECKPOINT = "256MB"
_OURS = ("checkpoint_threshold", "max_temp_directory_size", "memory_limit", "threads")
"""The settings that we change while it is open; all others are locked."""
TAIL_CHECKPOINT = "32MB"
THREADS = 2


class Database:
    """An open database. Use as a context manager, or call `close`."""

    def __init__(self, path: Path) -> None:
        insist_on_text(path)
        self.path = path
        self.spool = path.with_name(path.name + ".spool")
        self.steps: list[str] = []
        self.pulse = CommitCounter()
        self._was_asked = False
        self._room = ROOM
        self._changing = threading.RLock()
        """Held by who opens, drops or widens it: any thread may find that one of these is due."""
        self._wrote = False
        self._columns: dict[str, list[tuple[str, str]]] = {}
        self._pid = os.getpid()
        self._open: Connection | None = self._connect()

    def _connect(self) -> Connection:
        # For good, and for the whole process: the engine makes its log and its temporary files
        # when it needs them, and whatever we create is private.
        os.umask(0o077)
        # Its spool marks a database as ours, from before its first byte on; and so it is laid
        # beside a file that is there already only once that is known to be ours.
        check_database_files(self.path)
        if not self.path.exists():
            _prepare(self.path, self.spool)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{ROOM}MB",
            "threads": THREADS,
            "checkpoint_threshold": BACKLOG_CHECKPOINT,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
            "python_enable_replacements": False,
            "temp_directory": str(self.spool / "tmp"),
        }
        con, is_new = None, not self.path.exists()
        try:
            con = connect(str(self.path), config=config)
            self._room = ROOM
            if waiting := migrate.waiting(con, self.path):
                if migrate.is_new(con, self.path):
                    migrate.create(con, waiting)
                else:
                    # Nobody has the file open while it is copied: closing any descriptor of it
                    # would give up the lock that the engine holds on it.
                    con.execute("checkpoint")
                    con.close()
                    migrate.upgrade(self.path, waiting)
                    con = connect(str(self.path), config=config)
                self.steps += [step.name for step in waiting]
            _prepare(self.path, self.spool)
            migrate.create_views(con)
            for file in (self.path, self.path.with_name(self.path.name + ".wal")):
                with contextlib.suppress(FileNotFoundError):
                    file.chmod(0o600)
            # From here on no statement reaches a file, except what we spool ourselves.
            con.execute(f"set allowed_directories = ['{_quoted(self.spool)}']")
            con.execute("set enable_external_access = false")
            con.execute(f"set allowed_configs = {list(_OURS)}")
            con.execute("set lock_configuration = true")
            self._file = identity(self.path)
        except (Error, OSError, StoreError) as error:
            if con is not None:
                con.close()
            told = error if isinstance(error, StoreError) else explain(self.path, error)
            if is_new and isinstance(told, DiskFull):
                # What there was room for is no database; the next start begins with nothing.
                for file in (self.path, self.path.with_name(self.path.name + ".wal")):
                    file.unlink(missing_ok=True)
            raise told from error
        return con

    @property
    def _con(self) -> Connection:
        """The connection; opened again where the engine had given up and could not be before."""
        if os.getpid() != self._pid:
            raise ForkedProcess(self.path)
        with self._changing:
            if self._open is None:
                self._open = self._connect()
            return self._open

    def reopen(self) -> None:
        """Open again after the engine gave the connection up; what was committed is there."""
        with self._changing:
            self._drop()
            self._open = self._connect()

    def _drop(self) -> None:
        with self._changing:
            with contextlib.suppress(Error):
                if self._open is not None:
                    self._open.close()
            self._open = None

    def close(self) -> None:
        with self._changing:
            if self._open is not None:
                self._open.close()
                self._open = None

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def raise_memory_limit(self) -> bool:
        """Give the engine more memory, until `give_back`, because a statement found no room;
        whether there was more to give."""
        with self._changing:
            con = self._con
            if self._room >= MOST_ROOM:
                return False
            self._resize(con, self._room * 2)
            return True

    def _resize(self, con: Connection, room: int) -> None:
        # With a cursor of its own: it may be asked for on any thread, while the owner writes.
        with con.cursor() as mine:
            mine.execute(f"set memory_limit = '{room}MB'")
        self._room = room

    def with_memory_retry(self, ask: Callable[[], T]) -> T:
        """What is asked, again with more memory as often as it found no room."""
        while True:
            try:
                return ask()
            except (MemoryLimit, Error) as error:
                told = self._told(error) if isinstance(error, Error) else error
                if not (isinstance(told, MemoryLimit) and self.raise_memory_limit()):
                    raise told from error

    def release_memory(self) -> None:
        """Give the system back what questions have left behind: each kind of them leaves other
        holes, and with every kind the process would grow. What still runs, and finds no room any
        more because of it, asks for it again."""
        if self._was_asked:
            self._was_asked = False
            # To start its threads anew is how the engine is made to let go of all it keeps.
            self.execute("set threads = 1")
            self.execute(f"set threads = {THREADS}")
        # What is in use just now cannot be taken; the next time, then.
        with self._changing, contextlib.suppress(Error):
            if self._room > ROOM:
                self._resize(self._con, ROOM)

    def reader(self) -> Connection:
        """A connection for one thread that reads."""
        self._was_asked = True
        with self._changing:
            return self._con.cursor()

    def rows(self, name: str, /, **values: object) -> list[dict[str, Any]]:
        """The rows a named statement answers with, as dictionaries."""
        return self.with_memory_retry(lambda: fetch_records(self.reader(), statement(name), values))

    def one(self, name: str, /, **values: object) -> dict[str, Any] | None:
        found = self.rows(name, **values)
        return found[0] if found else None

    def query(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Like `rows`, but as the open transaction sees it."""
        return fetch_records(self._con, statement(name), values)

    def run(self, name: str, **values: object) -> int:
        """Carry out one named statement, inside the open transaction; how many rows it changed."""
        changed = self._con.execute(statement(name), values).fetchone()
        count = int(changed[0]) if changed else 0
        self._wrote = self._wrote or count > 0
        return count

    def execute(self, sql: str, values: object = None) -> Connection:
        self._wrote = True
        return self._con.execute(sql, values)

    def columns(self, table: str) -> tuple[tuple[str, str], ...]:
        """The columns of a table of ours and their types, in their order."""
        if not self._columns:
            found: dict[str, list[tuple[str, str]]] = {}
            for name, column, kind in self.reader().execute(statement("schema.columns")).fetchall():
                found.setdefault(name, []).append((column, kind))
            self._columns = found
        return tuple(self._columns[table])

    def check_file(self) -> None:
        """Raise where another file stands at the path, or none: what is written goes nowhere."""
        if identity(self.path) != self._file:
            raise Replaced(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or none of it. An engine that gave up is opened again.

        A statement that failed leaves a transaction whose COMMIT would "succeed" and store
        nothing, so whatever goes wrong is rolled back and raised. An error that came out of the
        commit itself does not say whether it was made: who has to know reads back.
        """
        con = self._con
        self._wrote = False
        self.check_file()
        try:
            con.execute("begin")
            yield
            # The engine takes every statement of a broken transaction amiss but the commit.
            con.execute("select 1")
            con.execute("commit")
            # Nobody need look again at what is as it was.
            if self._wrote:
                self.pulse.increment()
        except Error as error:
            told = self._told(error)
            self._roll_back()
            raise told from error
        except BaseException:
            self._roll_back()
            raise

    def _told(self, error: Error) -> StoreError:
        told = explain(self.path, error)
        if isinstance(told, Damaged):
            mark_damaged(self.path, told.detail)
        if isinstance(error, FatalException):
            self._drop()
        return told

    def _roll_back(self) -> None:
        if self._open is None:
            return
        try:
            self._open.execute("rollback")
        except TransactionException:
            # The engine rolled back already.
            return
        except Error:
            # It cannot even roll back; the next use opens the file again.
            self._drop()

    def checkpoint(self) -> None:
        try:
            self._con.execute("checkpoint")
        except Error as error:
            raise self._told(error) from error


def insist_on_text(path: Path) -> None:
    """Refuse a path that the engine could not even be told, before anything is made there."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise NoText(path) from None


def fetch_records(con: Connection, sql: str, values: object = None) -> list[dict[str, Any]]:
    """What a statement answers, each row as a dictionary."""
    answer = con.execute(sql, values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def marked_damaged(path: Path) -> Path:
    """The note that says the file has to be looked through before it is used again."""
    return path.with_name(path.name + ".damaged")


def mark_damaged(path: Path, detail: str) -> None:
    """Leave word for the next start that a part of the file could not be read back."""
    # Where not even that can be written, the next read of the part says the same again.
    with contextlib.suppress(OSError):
        marked_damaged(path).write_text(detail, encoding="utf-8", errors="backslashreplace")


def _prepare(path: Path, spool: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        spool.mkdir(exist_ok=True)
        spool.chmod(0o700)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path) from error
        raise DatabaseUnusable(path, error) from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
