"""How a command gets access to the database: to read it, to act on it, or to have it for itself.

A command gets a `QueryReader`: through the socket of the process that has the database open, in
this process if no other has it, or an empty one if there is no database yet.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from ingest.cli.invocation import AGAIN_SECONDS, Invocation
from ingest.db.query_reader import (
    NOTHING_YET,
    Answer,
    EmptyReader,
    Format,
    OwnerStatus,
    Query,
    QueryReader,
    Row,
)
from ingest.errors import OwnerGone
from ingest.server import owner_file
from ingest.server.client import DatabaseClient, connect_to_owner
from ingest.server.owner_file import Role

if TYPE_CHECKING:
    from ingest.actions import Action
    from ingest.db.database import Database

T = TypeVar("T")
_IN_PROCESS = threading.RLock()
"""Held while this process has the database open itself: the engine opens a file only once, and a
server answers several requests at a time."""


@contextmanager
def open_for_reading(invocation: Invocation) -> Iterator[QueryReader]:
    """Everything that the command reads is from one snapshot, whatever the owner commits."""
    path = invocation.settings.db
    if not path.exists():
        invocation.output.note(NOTHING_YET)
        yield EmptyReader(path)
        return
    with ExitStack() as opened:
        reader: QueryReader | None = connect_if_it_stays(path)
        if reader is None:
            opened.enter_context(_IN_PROCESS)
            # Imported here: a client of the owner needs no engine of its own.
            from ingest.pipeline.bootstrap import open_reader

            reader = open_reader(path, invocation.now)
        opened.callback(reader.close)
        with reader.snapshot():
            yield reader


@contextmanager
def open_for_actions(invocation: Invocation) -> Iterator[QueryReader]:
    """The database for a command that changes something; created if there is none."""
    reader = _ReconnectingReader(invocation)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def open_for_writing(invocation: Invocation) -> Iterator["Database"]:
    """The database for a command that needs it for itself; created if there is none."""
    from ingest.pipeline.bootstrap import open_exclusive

    with open_exclusive(invocation.settings.db, invocation.now, invocation.output.note) as database:
        yield database


def is_owned(invocation: Invocation) -> bool:
    """Whether a process that stays has the database open."""
    client = connect_if_it_stays(invocation.settings.db)
    if client is not None:
        client.close()
    return client is not None


def write_tasks(invocation: Invocation) -> None:
    """Bring `v_tasks` up to date, which an owner does by itself."""
    if invocation.settings.db.exists() and not is_owned(invocation):
        # Imported here: a client of the owner needs no engine of its own.
        from ingest.projects.tasks.writer import TasksWriter

        with open_for_writing(invocation) as database:
            TasksWriter(database, lambda: invocation.judged).run(Event())


def connect_if_it_stays(path: Path) -> DatabaseClient | None:
    """Connect to an owner that is not a command, which ends soon: of all that wait for a command,
    one at a time is let in (`open_or_connect`)."""
    owner = owner_file.read(path)
    return None if owner is None or owner.role == Role.COMMAND else connect_to_owner(path)


class _ReconnectingReader:
    """Continues with the next owner, or in this process, if its owner ends.

    The command is not run again as a whole: it may have changed something, or asked a person.
    """

    def __init__(self, invocation: Invocation) -> None:
        self.path = invocation.settings.db
        self._invocation = invocation
        self._opened = ExitStack()
        self._reader = self._open()

    @property
    def owner(self) -> OwnerStatus:
        return self._reader.owner

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._retry(lambda reader: reader.rows(name, **values))

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._retry(lambda reader: reader.first_row(name, **values))

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        return self._retry(lambda reader: reader.run_consistent(queries))

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        return self._retry(lambda reader: reader.sql(text, limit))

    def copy(self, form: Format, /) -> Path:
        return self._retry(lambda reader: reader.copy(form))

    def act(self, action: "Action[T]", /) -> T:
        self._invocation.has_acted = True
        return self._retry(lambda reader: reader.act(action))

    def snapshot(self) -> AbstractContextManager[None]:
        return self._reader.snapshot()

    def close(self) -> None:
        self._opened.close()

    def _retry(self, work: Callable[[QueryReader], T]) -> T:
        deadline = None
        while True:
            try:
                return work(self._reader)
            except OwnerGone:
                deadline = deadline or time.monotonic() + AGAIN_SECONDS
                if time.monotonic() >= deadline:
                    raise
            self._opened.close()
            self._reader = self._open()

    def _open(self) -> QueryReader:
        with ExitStack() as opened:  # Undone if the database cannot be opened.
            reader = self._reader_in(opened)
            self._opened = opened.pop_all()
        return reader

    def _reader_in(self, opened: ExitStack) -> QueryReader:
        client = connect_if_it_stays(self.path)
        if client is None:
            opened.enter_context(_IN_PROCESS)
            # Imported here: a client of the owner needs no engine of its own.
            from ingest.pipeline.bootstrap import open_or_connect

            found = open_or_connect(self.path, needs_actions=True)
            if not isinstance(found, DatabaseClient):
                return self._local_reader(opened, *found)
            client = found
        return opened.enter_context(client)

    def _local_reader(
        self, opened: ExitStack, database: "Database", notices: list[str]
    ) -> QueryReader:
        from ingest.actions import RecordEdit
        from ingest.db.local_reader import LocalReader
        from ingest.db.replay import replay
        from ingest.pipeline.action_handlers import ActionHandlers
        from ingest.pipeline.bootstrap import serve_readers
        from ingest.pipeline.homes import homes
        from ingest.pipeline.scan import scan_and_register
        from ingest.projects.find_projects import regroup
        from ingest.projects.project_edits import VERB as PROJECT

        now, settings = self._invocation.now, self._invocation.settings
        note = self._invocation.output.note
        opened.enter_context(serve_readers(database, notices, now, note))
        # Actions refer to what people did before.
        followed = homes(settings.codex_homes)
        replay(database, now, settings.max_attempts, [home.id for home in followed])
        handlers = ActionHandlers(
            database,
            lambda: now,
            settings.max_attempts,
            scan=lambda: scan_and_register(database, followed, now.isoformat()),
        )

        def carry_out(action: "Action[T]") -> T:
            result = handlers.carry_out(action)
            if isinstance(action, RecordEdit) and action.verb == PROJECT:
                regroup(database)
            return result

        return LocalReader(database, now, carry_out=carry_out)
