"""The entries of a journal, which are not held in memory: the journal of a project may have
thousands. They are written to a file without a name as they are built, and decoded where they are
looked at, one at a time.
"""

import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Final, overload

import msgspec

from ingest.projects.journal.model import JournalEntry
from ingest.text.redact import count_masked

_IN_MEMORY: Final = 1024**2
"""Bytes from which on there is a file."""
_decoder: Final = msgspec.json.Decoder(JournalEntry)


class Entries(Sequence[JournalEntry]):
    def __init__(self, entries: Iterable[JournalEntry]) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._file.close)
        self._reading = threading.Lock()
        self._ends = [0]
        self.redacted = 0
        """How many secrets and private parts are masked in them."""
        for entry in entries:
            data = msgspec.json.encode(entry)
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))
            self.redacted += count_masked(data.decode())

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> JournalEntry: ...
    @overload
    def __getitem__(self, at: slice) -> list[JournalEntry]: ...
    def __getitem__(self, at: int | slice) -> JournalEntry | list[JournalEntry]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        i = range(len(self))[at]
        with self._reading:
            self._file.seek(self._ends[i])
            data = self._file.read(self._ends[i + 1] - self._ends[i])
        return _decoder.decode(data)

    def __iter__(self) -> Iterator[JournalEntry]:
        return (self[i] for i in range(len(self)))
