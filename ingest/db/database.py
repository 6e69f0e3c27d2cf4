"""The open database: connection, transactions, queries and the engine's memory limit.

The process that has a `Database` open holds the engine's exclusive lock on the file. Each reading
thread uses its own cursor from `reader()`. Errors are raised as `DatabaseError`. Use
`recovery.open_database` to open a database; it also repairs a damaged one.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ingest import log
from ingest.db import derived_rows, migrate
from ingest.db.commit_counter import CommitCounter
from ingest.db.engine import Connection, Error, FatalException, TransactionException, connect
from ingest.db.engine_errors import explain
from ingest.db.file_checks import check_database_files
from ingest.db.parsed import ParsedStatements
from ingest.db.paths import identity
from ingest.errors import (
    Damaged,
    DatabaseError,
    DatabaseReplaced,
    DatabaseUnusable,
    DiskFull,
    ErrorClass,
    MemoryLimit,
)

__all__ = [
    "BACKLOG_CHECKPOINT",
    "TAIL_CHECKPOINT",
    "THREADS",
    "Database",
    "explain",
]

T = TypeVar("T")
MEMORY_MB, MAX_MEMORY_MB = 96, 1024
"""The engine's memory limit, which is enough for about ten thousand sessions, and the maximum to
which it is raised for a query that needs more. Reading a file of facts takes two blocks of 32 MiB,
however small it is: with 64 MB, appends would raise the limit again and again."""
BACKLOG_CHECKPOINT = "256MB"
_CHANGEABLE_SETTINGS = (
    "checkpoint_threshold",
    "max_temp_directory_size",
    "memory_limit",
    "threads",
)
"""Settings that we change while the database is open; all others are locked."""
TAIL_CHECKPOINT = "32MB"
THREADS = 2
_PORTION = 250
"""Rows that are passed to a statement at once."""


class Database:
    """An open database. Use as a context manager, or call `close`."""

    def __init__(self, path: Path) -> None:
        check_path_encoding(path)
        self.path = path
        self.spool = path.with_name(path.name + ".spool")
        self.applied_migrations: list[str] = []
        self.commits = CommitCounter()
        self.statements = ParsedStatements()
        self._reader_opened = False
        self._memory_mb = MEMORY_MB
        self._connection_lock = threading.RLock()
        """Guards opening, closing and resizing: any thread may have to do one of these."""
        self._wrote = False
        self._columns: dict[str, tuple[tuple[str, str], ...]] = {}
        self._pid = os.getpid()
        self._open: Connection | None = self._connect()
        derived_rows.check_versions(self)

    def _connect(self) -> Connection:
        # The engine creates its log and temporary files at any time, and they must be private.
        # This changes the umask of the whole process for good.
        os.umask(0o077)
        # The spool folder marks a database as ours. It exists before a new file's first byte, and
        # is created beside an existing file only after that was recognized as ours.
        check_database_files(self.path)
        if not self.path.exists():
            _make_folders(self.path, self.spool)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{MEMORY_MB}MB",
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
            self._memory_mb = MEMORY_MB
            if pending := migrate.pending(con, self.path):
                if migrate.is_new(con, self.path):
                    migrate.create(con)
                else:
                    # Close the connection before the file is copied: closing any descriptor of
                    # the file releases the engine's lock on it.
                    con.execute("checkpoint")
                    con.close()
                    migrate.upgrade(self.path, pending)
                    con = connect(str(self.path), config=config)
                self.applied_migrations += [step.name for step in pending]
            _make_folders(self.path, self.spool)
            migrate.create_views(con)
            for file in (self.path, self.path.with_name(self.path.name + ".wal")):
                with contextlib.suppress(FileNotFoundError):
                    file.chmod(0o600)
            # From here on no statement can open a file outside the spool.
            con.execute(f"set allowed_directories = ['{_quoted(self.spool)}']")
            con.execute("set enable_external_access = false")
            con.execute(f"set allowed_configs = {list(_CHANGEABLE_SETTINGS)}")
            con.execute("set lock_configuration = true")
            self._file = identity(self.path)
        except (Error, OSError, DatabaseError) as error:
            if con is not None:
                con.close()
            explained = error if isinstance(error, DatabaseError) else explain(self.path, error)
            if is_new and isinstance(explained, DiskFull):
                # Remove the incomplete new file, so that the next start creates it again.
                for file in (self.path, self.path.with_name(self.path.name + ".wal")):
                    file.unlink(missing_ok=True)
            raise explained from error
        return con

    @property
    def _con(self) -> Connection:
        """The connection, opened again if a fatal error closed it."""
        if os.getpid() != self._pid:
            raise DatabaseError(
                f"The database {self.path} was opened by the parent of this process.",
                "Start a new process instead of forking, and let it query the owner.",
                code="store.forked",
                kind=ErrorClass.CONFIG,
            )
        with self._connection_lock:
            if self._open is None:
                self._open = self._connect()
            return self._open

    def reopen(self) -> None:
        """Close and open again, for example after a fatal error of the engine."""
        with self._connection_lock:
            self._drop()
            self._open = self._connect()

    def _drop(self) -> None:
        with self._connection_lock:
            with log.suppress("Closing the database", Error):
                if self._open is not None:
                    self._open.close()
            self._open = None

    def close(self) -> None:
        with self._connection_lock:
            if self._open is not None:
                self._open.close()
                self._open = None
            self.statements.clear()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def raise_memory_limit(self) -> bool:
        """Double the engine's memory limit until `release_memory`; False at the maximum."""
        with self._connection_lock:
            con = self._con
            if self._memory_mb >= MAX_MEMORY_MB:
                return False
            self._set_memory_limit(con, min(self._memory_mb * 2, MAX_MEMORY_MB))
            return True

    def _set_memory_limit(self, con: Connection, megabytes: int) -> None:
        # A separate cursor: any thread may call this while the owner writes.
        with con.cursor() as cursor:
            cursor.execute(f"set memory_limit = '{megabytes}MB'")
        self._memory_mb = megabytes

    def with_memory_retry(self, query: Callable[[], T]) -> T:
        """Run the query; while it runs out of memory, raise the memory limit and run it again."""
        while True:
            try:
                return query()
            except (MemoryLimit, Error) as error:
                explained = self._explain(error) if isinstance(error, Error) else error
                if not (isinstance(explained, MemoryLimit) and self.raise_memory_limit()):
                    raise explained from error

    def release_memory(self) -> None:
        """Return the memory that queries fragmented to the system, and reset the memory limit.

        A query that still runs and needs more raises the limit again.
        """
        if self._reader_opened:
            self._reader_opened = False
            # The engine releases its allocators' memory when its threads are restarted.
            self.execute("set threads = 1")
            self.execute(f"set threads = {THREADS}")
        # Fails while more than that is in use; the next call tries again.
        with self._connection_lock, contextlib.suppress(Error):
            if self._memory_mb > MEMORY_MB:
                self._set_memory_limit(self._con, MEMORY_MB)

    def reader(self) -> Connection:
        """Return a new cursor, for one reading thread."""
        self._reader_opened = True
        with self._connection_lock:
            return self._con.cursor()

    def rows(self, name: str, /, **values: object) -> list[dict[str, Any]]:
        """Run a named query on a new cursor and return its rows."""
        return self.with_memory_retry(lambda: self._records(self.reader(), name, values))

    def first_row(self, name: str, /, **values: object) -> dict[str, Any] | None:
        return next(iter(self.rows(name, **values)), None)

    def _records(
        self, con: Connection, name: str, values: dict[str, object]
    ) -> list[dict[str, Any]]:
        result = con.execute(self.statements.named(con, name), values)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def rows_in_transaction(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Like `rows`, but inside the open transaction."""
        return self._records(self._con, name, values)

    def run(self, name: str, **values: object) -> int:
        """Run a named statement inside the open transaction; return the number of changed rows."""
        con = self._con
        row = con.execute(self.statements.named(con, name), values).fetchone()
        count = int(row[0]) if row else 0
        self._wrote = self._wrote or count > 0
        return count

    def run_in_portions(
        self, name: str, parameter: str, rows: Sequence[dict[str, Any]], **values: object
    ) -> int:
        """Run a named statement for all these rows, a portion at a time: as a parameter, a row
        takes up to 140 KB of memory."""
        return sum(
            self.run(name, **values, **{parameter: rows[start : start + _PORTION]})
            for start in range(0, len(rows), _PORTION)
        )

    def store_derived(self, statements: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Run named statements in one transaction, without telling readers of something new."""
        with self.transaction(announce=False):
            for name, values in statements:
                self.run(name, **values)

    def run_built(self, sql: str, values: Mapping[str, object]) -> None:
        """Run one of the few statements that are built for a table, inside the open transaction."""
        self._wrote = True
        con = self._con
        con.execute(self.statements.parsed(con, sql), values)

    def execute(self, sql: str, values: object = None) -> Connection:
        self._wrote = True
        return self._con.execute(sql, values)

    def columns(self, table: str) -> tuple[tuple[str, str], ...]:
        """Return name and type of each column of a table, in order."""
        if table not in self._columns:
            # Table names come from our constants or the schema, never from data.
            described = self.reader().execute(f'describe "{table}"').fetchall()
            self._columns[table] = tuple((name, kind) for name, kind, *_ in described)
        return self._columns[table]

    def check_file(self) -> None:
        """Raise if the file was deleted, moved or replaced: writes to it would be lost."""
        if identity(self.path) != self._file:
            raise DatabaseReplaced(
                f"The database {self.path} was deleted, moved or replaced while it was in use."
            )

    @contextlib.contextmanager
    def transaction(self, *, announce: bool = True) -> Iterator[None]:
        """Run the block in a transaction; roll back and raise on any error. `announce`:
        notify readers of the change.

        After a failed statement the engine's COMMIT succeeds and stores nothing, hence the explicit
        rollback. After an error of the commit itself it is unknown whether the commit was made: a
        caller who needs to know reads the data back. The next use reopens the file after a fatal
        error.
        """
        con = self._con
        self._wrote = False
        self.check_file()
        try:
            con.execute("begin")
            yield
            # In a failed transaction every statement raises, except a commit.
            con.execute("select 1")
            con.execute("commit")
            if self._wrote and announce:
                self.commits.increment()
        except Error as error:
            explained = self._explain(error)
            self._roll_back()
            raise explained from error
        except BaseException:
            self._roll_back()
            raise

    @contextlib.contextmanager
    def dry_run(self) -> Iterator[None]:
        """Run the block in a transaction that is always rolled back."""
        try:
            with self.transaction():
                yield
                raise _DryRun
        except _DryRun:
            pass

    def _explain(self, error: Error) -> DatabaseError:
        explained = explain_and_mark(self.path, error)
        if isinstance(error, FatalException):
            self._drop()
        return explained

    def _roll_back(self) -> None:
        if self._open is None:
            return
        try:
            self._open.execute("rollback")
        except TransactionException:
            return  # The engine rolled back already.
        except Error:
            self._drop()  # The next use opens the file again.

    def checkpoint(self) -> None:
        try:
            self._con.execute("checkpoint")
        except Error as error:
            raise self._explain(error) from error


class _DryRun(Exception):
    """Rolls back the transaction of a dry run."""


def check_path_encoding(path: Path) -> None:
    """Raise if the path is not valid UTF-8, which the engine requires."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise DatabaseError(
            f"The path of the database is not valid UTF-8: {shown}.",
            "Use another path with --db PATH. Nothing was changed.",
            code="store.name",
            kind=ErrorClass.CONFIG,
        ) from None


def damage_marker(path: Path) -> Path:
    """Return the path of the file that makes the next start check the whole database."""
    return path.with_name(path.name + ".damaged")


def mark_damaged(path: Path, detail: str) -> None:
    # If the marker cannot be written, the next read of the damaged block tries again.
    with log.suppress("Marking the database as damaged", OSError):
        damage_marker(path).write_text(detail, encoding="utf-8", errors="backslashreplace")


def explain_and_mark(path: Path, error: Error) -> DatabaseError:
    """Translate the engine's error; if it reports damage, make the next start check the file."""
    explained = explain(path, error)
    if isinstance(explained, Damaged):
        log.warning(explained.message)
        mark_damaged(path, explained.detail)
    return explained


def _make_folders(path: Path, spool: Path) -> None:
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
