"""The database file: opened by one process, private, and closed so that it opens fast again.

Whoever holds a `Database` holds the only writing lock. Reads go through `reader()`, a cursor of
their own for each thread. What goes wrong on opening is a `StoreError` that says what and why; how
a damaged file is brought back is `recovery.py`'s business.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.store import migrate
from ingest.store.engine import Connection, Error, FatalException, TransactionException, connect
from ingest.store.errors import Damaged, DiskFull, Locked, NewerSchema, StoreError, Unusable
from ingest.store.queries import statement

MEMORY_LIMIT = "128MB"
BACKLOG_CHECKPOINT = "256MB"
TAIL_CHECKPOINT = "32MB"

_PID = re.compile(r"Conflicting lock is held in (?:(\S+) )?\(PID (\d+)\)")
_VERSION = re.compile(r"version number (\d+), but we can only read")


class Database:
    """An open database. Use as a context manager, or call `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spool = path.with_name(path.name + ".spool")
        self.steps: list[str] = []
        self._columns: dict[str, list[tuple[str, str]]] = {}
        self._con = self._connect()

    def _connect(self) -> Connection:
        _prepare(self.path, self.spool)
        old_umask = os.umask(0o077)
        try:
            con = connect(
                str(self.path),
                config={
                    "memory_limit": MEMORY_LIMIT,
                    "threads": 2,
                    "checkpoint_threshold": BACKLOG_CHECKPOINT,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "preserve_insertion_order": True,
                    "temp_directory": str(self.spool / "tmp"),
                },
            )
        except Error as error:
            raise explain(self.path, error) from error
        finally:
            os.umask(old_umask)
        try:
            self.steps += migrate.migrate(con, self.path)
            self.path.chmod(0o600)
            # From here on no statement reaches a file, except what we spool ourselves.
            con.execute(f"set allowed_directories = ['{_quoted(self.spool)}']")
            con.execute("set enable_external_access = false")
        except StoreError:
            con.close()
            raise
        except Error as error:
            con.close()
            raise explain(self.path, error) from error
        return con

    def reopen(self) -> None:
        """Open again after the engine gave the connection up; what was committed is there."""
        with contextlib.suppress(Error):
            self._con.close()
        self._con = self._connect()

    def close(self) -> None:
        self._con.close()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reader(self) -> Connection:
        """A connection for one thread that reads."""
        return self._con.cursor()

    def rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        """The rows a named statement answers with, as dictionaries."""
        return records(self._con.cursor(), statement(name), values)

    def one(self, name: str, **values: object) -> dict[str, Any] | None:
        found = self.rows(name, **values)
        return found[0] if found else None

    def query(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Like `rows`, but as the open transaction sees it."""
        return records(self._con, statement(name), values)

    def run(self, name: str, **values: object) -> int:
        """Carry out one named statement, inside the open transaction; how many rows it changed."""
        changed = self._con.execute(statement(name), values).fetchone()
        return int(changed[0]) if changed else 0

    def execute(self, sql: str, values: object = None) -> Connection:
        return self._con.execute(sql, values)

    def columns(self, table: str) -> tuple[tuple[str, str], ...]:
        """The columns of a table of ours and their types, in their order."""
        if not self._columns:
            found = self._con.execute(statement("schema.columns")).fetchall()
            for name, column, kind in found:
                self._columns.setdefault(name, []).append((column, kind))
        return tuple(self._columns[table])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or none of it. An engine that gave up is opened again.

        A statement that failed leaves a transaction whose COMMIT would "succeed" and store
        nothing, so whatever goes wrong is rolled back and raised.
        """
        try:
            self._con.execute("begin")
            yield
            self._con.execute("commit")
        except FatalException as error:
            self.reopen()
            raise explain(self.path, error) from error
        except Error as error:
            self._roll_back()
            raise explain(self.path, error) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            self._con.execute("rollback")
        except FatalException:
            self.reopen()
        except TransactionException:
            # The engine rolled back already.
            return

    def checkpoint(self) -> None:
        self._con.execute("checkpoint")


def records(con: Connection, sql: str, values: object = None) -> list[dict[str, Any]]:
    """What a statement answers, each row as a dictionary."""
    answer = con.execute(sql, values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def explain(path: Path, error: Exception) -> StoreError:
    """What an error of the engine means for a person."""
    text = str(error)
    if held := _PID.search(text):
        return Locked(path, int(held[2]), held[1] and Path(held[1]).name)
    if version := _VERSION.search(text):
        return NewerSchema(path, f"storage version {version[1]}")
    if "No space left" in text or "not enough space" in text.lower():
        return DiskFull(path)
    if "Permission denied" in text or "Read-only file system" in text:
        return Unusable(path, error)
    return Damaged(path, text.splitlines()[0][:300] if text else type(error).__name__)


def _prepare(path: Path, spool: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        spool.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unusable(path, error) from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
