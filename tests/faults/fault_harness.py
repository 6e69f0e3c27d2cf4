"""A Codex home and a database beside it. Every fault test compares the stored facts with those
of one undisturbed reading of the same bytes.

Processes that tests start import this module. It does not import pytest, which takes longer than
the rest.
"""

import hashlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingest.actions import RunReport
from ingest.db import source_rows
from ingest.db.database import Database
from ingest.db.engine import Connection
from ingest.db.load import FACT_TABLES
from ingest.db.recovery import open_database
from ingest.pipeline import spawn_readers
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.reader_pool import ReaderPool
from ingest.pipeline.run import RunSettings
from ingest.tail.source import SourceName, parse
from tests.build import scenarios
from tests.build.home import Home
from tests.build.rollout import Rollout
from tests.facts_dump import dump, dump_from, reading

ROOT = Path(__file__).resolve().parents[2]
SMALL = RunSettings(batch_bytes=7_000)
"""The shortest session is two batches, and every other one more."""
WHOLE = RunSettings()
"""The default of the program: each of these files is one batch."""
FIRST = datetime(2026, 11, 21, 12, 0, 0)
AFTER = FIRST.replace(day=22)
"""A time after every retry delay."""


class FaultHarness:
    """`read` opens, reads everything new and closes, as a command does.

    A file is one batch unless `tuning` makes it several: each batch costs a transaction.
    """

    def __init__(self, folder: Path, tuning: RunSettings = WHOLE) -> None:
        self.folder = folder
        self.tuning = tuning
        self.home = Home(folder / "codex")
        self.path = folder / "data" / "tailboard.duckdb"
        self.log = self.path.with_name(self.path.name + ".wal")
        self.notes: list[str] = []
        self.now = FIRST
        self._database: Database | None = None

    def clock(self) -> datetime:
        return self.now

    def session(self, which: str = "plan", **options: Any) -> Rollout:
        """One scripted session, written completely."""
        made = scenarios.ALL[which](self.home, **options)
        session = made[0] if isinstance(made, list) else made
        session.write()
        return session

    def open(self) -> Database:
        database, notes = open_database(self.path, lambda: datetime(2026, 11, 21, tzinfo=UTC))
        self.notes += notes
        self._database = database
        return database

    def create(self) -> None:
        """Create an empty database, so that a process that is started next need not.

        In tests it is a copy, see `tests.conftest`, which saves a third of a second.
        """
        self.open().close()

    def owner(self, database: Database, tuning: RunSettings | None = None) -> Owner:
        return Owner(database, homes([self.home.path]), tuning or self.tuning, self.clock)

    def read(self, tuning: RunSettings | None = None, readers: int = 0) -> RunReport:
        with self.open() as database:
            owner = self.owner(database, tuning)
            if not readers:
                return owner.read_once()
            return owner.read(
                owner.scan().changed, readers=ReaderPool(spawn_readers.start(readers))
            )

    def facts(self) -> list[str]:
        with self._reading() as con:
            return list(dump_from(con))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._reading() as con:
            return con.execute(sql).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that reads the stored data, without opening the database as a command does.

        An open database is queried itself: reading its file would release the lock on it.
        """
        if self._database is not None and self._database._open is not None:
            yield self._database.reader()
            return
        if not self.path.exists():
            self.create()
        with reading(self.path) as con:
            yield con

    def cursors(self) -> dict[SourceName, tuple[Any, ...]]:
        """By name: generation, byte, lines, and the number of lines accounted for."""
        found = self.rows(
            "select s.path, c.generation, c.byte, c.lines, c.stored + c.rejected + c.blank "
            "from sources s join cursors c on c.source = s.id"
        )
        return {_name(path): tuple(rest) for path, *rest in found}

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.rows("select state from v_batches"))

    def problems(self) -> list[tuple[str, str]]:
        """The problems of the home, as code and file name."""
        found = self.rows("select code, path from problems")
        return sorted((code, Path(path).name) for code, path in found)

    def state_of(self, session: Rollout) -> str:
        ((state,),) = self.rows(f"select state from sources where thread = '{session.thread.id}'")
        return str(state)

    def expected_facts(self) -> list[str]:
        """The facts of one undisturbed reading of the home as it is now."""
        return one_shot(self.home.path, self.folder)

    def expected_facts_elsewhere(self) -> list[str]:
        """The same, on a disk that has space."""
        with TemporaryDirectory() as folder:
            return one_shot(self.home.path, Path(folder))

    def forget(self) -> None:
        """Delete the database, as before the first start."""
        for file in self.path.parent.glob(f"{self.path.name}*"):
            if file.is_file():
                file.unlink()


def _name(path: str) -> SourceName:
    parsed = parse(Path(path).name)
    assert parsed is not None
    return parsed[0]


_EXPECTED: dict[str, list[str]] = {}
"""The facts of every home that this process read in one go, by the digest of the home."""


def one_shot(home: Path, folder: Path) -> list[str]:
    """All facts of a home, read in one go into a database of its own.

    They depend only on the files, so homes with equal files are read once.
    """
    digest = _digest(home)
    if digest not in _EXPECTED:
        path = folder / f"expected-{len(list(folder.glob('expected-*.duckdb')))}.duckdb"
        with Database(path) as database:
            Owner(database, homes([home])).read_once()
            _EXPECTED[digest] = list(dump(database))
    return _EXPECTED[digest]


def _digest(home: Path) -> str:
    """A digest of the name, kind and content of everything in a home."""
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        mode = path.lstat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else b""
        digest.update(b"%s\0%d\0%d\0" % (os.fsencode(path.relative_to(home)), mode, len(content)))
        digest.update(content)
    return digest.hexdigest()


_OTHER_TABLES = (
    "sources", "cursors", "batches", "batch_moves", "problems", "session_rows",
    *source_rows.TABLES,
)  # fmt: skip
"""Together with the tables of facts, all tables that reading fills."""


class Oracle:
    """Undisturbed readings in one database, which is emptied between them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "oracle"
        self.database = Database(folder / "oracle.duckdb")
        self._known: dict[tuple[tuple[str, bytes], ...], list[str]] = {}

    def facts(self, contents: dict[str, bytes]) -> list[str]:
        """The facts of these files, named as in a home."""
        key = tuple(contents.items())
        if key not in self._known:
            self._known[key] = self._read(contents)
        return self._known[key]

    def _read(self, contents: dict[str, bytes]) -> list[str]:
        for path in self.home.rglob("*.jsonl"):
            path.unlink()
        for name, content in contents.items():
            path = self.home / ("sessions" if name.startswith("rollout") else ".") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with self.database.transaction():
            for table in (*FACT_TABLES, *_OTHER_TABLES):
                self.database.execute(f'delete from "{table}"')
        Owner(self.database, homes([self.home])).read_once()
        return list(dump(self.database))

    def close(self) -> None:
        self.database.close()


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]
