"""Indexes in the background of the owner: one commit at a time, in a thread."""

import threading
import time
from pathlib import Path
from typing import Final

from ingest import log
from ingest.db.commit_counter import CommitCounter
from ingest.db.query_reader import DerivedStore
from ingest.errors import IndexUnusable
from ingest.sessions.search.indexer import Indexer, Work

_LOOK_SECONDS: Final = 0.1
"""How often to look whether the thread has ended."""
_RETRY_SECONDS: Final = 30.0
"""After an error."""


class IndexWriter:
    """The owner calls `step` between rounds and `close` at the end."""

    kind = "search"

    def __init__(self, store: DerivedStore, path: Path, commits: CommitCounter) -> None:
        self._indexer = Indexer(store, path)
        self._commits = commits
        self._idle_at = -1
        """That number when nothing was pending."""
        self._retry_at = 0.0
        self._opened = False
        self._saved = False
        """Whether something was indexed that readers were not told of yet."""
        self._running: _Running | None = None

    def step(self) -> float | None:
        """Save what is indexed, and start the next; does not block. Returns when to look again."""
        if time.monotonic() < self._retry_at:
            return None
        try:
            self._step()
        except IndexUnusable as error:
            log.suppressed("Bringing the search index up to date", error)
            self._indexer.close()
            self._opened = False
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        return None if self._running is None else _LOOK_SECONDS

    def close(self) -> None:
        """Finish what is being indexed."""
        try:
            if self._running is not None:
                self._save(self._running)
        except IndexUnusable as error:
            log.suppressed("Bringing the search index up to date", error)
        finally:
            self._indexer.close()

    def _step(self) -> None:
        if self._running is not None:
            if self._running.thread.is_alive():
                return
            self._save(self._running)
        if not self._opened or self._indexer.is_damaged:
            self._indexer.open()
            self._opened, self._idle_at = True, -1
        commits = self._commits.count
        if commits == self._idle_at:
            return
        work = self._indexer.take()
        if work is not None:
            self._running = _Running(self._indexer, work)
            return
        if self._saved:
            self._saved = False
            self._commits.increment()  # Screens search again.
            commits += 1
        self._idle_at = commits

    def _save(self, running: "_Running") -> None:
        self._running = None
        running.wait()
        self._indexer.save(running.work)
        self._saved = True


class _Running:
    """What is being indexed."""

    def __init__(self, indexer: Indexer, work: Work) -> None:
        self.work = work
        self._indexer = indexer
        self._error: Exception | None = None
        self.thread = threading.Thread(target=self._run, name="search", daemon=True)
        self.thread.start()

    def wait(self) -> None:
        """Raises the error of the thread."""
        self.thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._indexer.index(self.work)
        except Exception as error:  # noqa: BLE001 - raised where the result is awaited
            self._error = error
