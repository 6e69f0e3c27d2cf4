"""What Codex itself remembers: the jobs of its memory pipeline that are not done, failed and stuck
ones first, then the files that it wrote. Codex's own screens do not show that a job failed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest.db.query_reader import QueryReader
from ingest.report.batch import Policy
from ingest.sessions.memories import MemoryEntry, MemoryJob, load_memories
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing

_COLORS: Final = {"stuck": "red", "error": "red", "failed": "red", "remembered": "green"}


class Memories(InMemoryListing):
    columns = (
        Column("state", "State", 10),
        Column("what", "What", 14, grow=1),
        Column("which", "About", 14, grow=1, drop_order=1),
        Column("error", "Error", 16, grow=2, drop_order=3),
        Column("time", "When", 9, right=True, drop_order=2),
    )

    def __init__(self, homes: Iterable[Path], policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._homes, self._policy = homes, policy
        self.coverage = ""
        """How many sessions are remembered, as a sentence; empty before it is known."""

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        found = load_memories(reader, self._homes, self._policy().moment)
        self.coverage = found.coverage.sentence
        return [*map(self._job_row, found.jobs), *map(self._file_row, found.entries)]

    def _job_row(self, job: MemoryJob) -> ListRow:
        retry = f"Codex tries again at {job.retry_at:%Y-%m-%d %H:%M}." if job.retry_at else ""
        left = "" if job.retries_left is None else f"{job.retries_left} attempts are left."
        lines = (f"{job.kind} of {job.session}: {job.status}", job.error, retry, left, job.home)
        return ListRow(
            key=(job.home, job.kind, job.session),
            cells=(
                _state(job.status),
                job.kind,
                job.session,
                Styled(job.error or "", "red"),
                Styled(self._clock(job.retry_at), "dim"),
            ),
            text="\n".join(filter(None, lines)),
            id=job.session,
        )

    def _file_row(self, entry: MemoryEntry) -> ListRow:
        folders = "\n".join(entry.applies_to)
        return ListRow(
            key=entry.path,
            cells=(
                _state("remembered"),
                entry.title,
                folders.replace("\n", " "),
                "",
                Styled(self._clock(entry.changed_at), "dim"),
            ),
            text=f"{entry.title}\n{entry.chars:,} characters\n{entry.path}\n\n{folders}".rstrip(),
            id=entry.path,
        )

    def _clock(self, time: datetime | None) -> str:
        return "" if time is None else self._policy().clock(time)


def _state(name: str) -> Styled:
    return Styled(name, _COLORS.get(name, "yellow"))
