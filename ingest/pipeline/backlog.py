"""What the Codex homes hold that was not read yet. Looks at names and sizes, and stores nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.pipeline.homes import homes
from ingest.pipeline.scan import scan_only


class HomeProblem(Struct, frozen=True):
    """A problem of a Codex home, or of a file in it."""

    home: Path
    code: str
    path: str
    message: str
    hint: str


class UnreadSource(Struct, frozen=True):
    path: str
    bytes: int


class Backlog(Struct, frozen=True):
    unread: list[UnreadSource]
    oldest_unread_seconds: float
    problems: list[HomeProblem]

    @property
    def behind_bytes(self) -> int:
        return sum(source.bytes for source in self.unread)


def backlog(reader: NamedQueries, paths: Iterable[Path], now: datetime) -> Backlog:
    """Scan the homes and compare them with what was read."""
    scanned = homes(paths)
    found = scan_only(reader, scanned)
    folders = {home.id: home.path for home in scanned}
    # A file that cannot be read has its own error; it does not wait for a reader.
    unread = [source for source in found.changed if source.behind and not source.has_error]
    oldest = min((source.mtime_ns for source in unread), default=None)
    return Backlog(
        [UnreadSource(source.path, source.behind) for source in unread],
        0.0 if oldest is None else max(0.0, now.replace(tzinfo=UTC).timestamp() - oldest / 1e9),
        [
            HomeProblem(
                folders[home], str(problem.code), problem.path, problem.message, problem.hint
            )
            for home, problem in found.problems
        ],
    )
