"""The repository, branch and commit that Codex recorded when a session began.

Codex records this once per session; a later switch of branches is not in the log.
"""

from datetime import datetime

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.sessions.session import Session

Span = tuple[datetime, datetime]


class Anchor(Struct, frozen=True):
    session: str
    cwd: str | None
    branch: str | None = None
    commit: str | None = None
    remote: str | None = None
    started_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def span(self) -> Span | None:
        """From its first line to its last."""
        if self.started_at is None or self.last_at is None:
            return None
        return self.started_at, self.last_at


def load_anchors(rows: NamedQueries) -> list[Anchor]:
    """The anchors of all sessions."""
    return [
        Anchor(
            row["session"], row["cwd"], commit=row["commit"], started_at=row["started_at"],
            last_at=row["last_at"],
        )
        for row in rows.rows("sessions.anchors")
    ]  # fmt: skip


def anchor_of(session: Session) -> Anchor:
    return Anchor(
        session.id, session.cwd, session.began_on, session.commit, session.repository,
        session.started_at, session.last_at,
    )  # fmt: skip
