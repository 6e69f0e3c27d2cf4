"""How far each shared project was sent."""

from datetime import datetime

from msgspec import Struct

from ingest.batches.state import State
from ingest.db.query_reader import NamedQueries
from ingest.team.build import find_changes
from ingest.team.membership import Membership, Sharing
from ingest.team.share_job import batches


class ProjectStatus(Struct, frozen=True, kw_only=True):
    """The fields of `team status --json`, in their order."""

    project: str
    level: str
    state: str
    """That of its batch while that is not completed; else `on`, `stopped`, `withdrawing`."""
    sessions: int
    rows: int
    """How many rows were sent and are there."""
    behind: int
    """How many sessions, and lists of tasks, are still to be sent."""
    pushed_at: datetime | None
    """When something was sent last."""
    retry_at: datetime | None = None
    error: str | None = None
    hint: str | None = None


def project_statuses(rows: NamedQueries, team: Membership) -> list[ProjectStatus]:
    sent = {row["project_id"]: row for row in rows.rows("team.sent")}
    known = batches(rows, team)
    found = []
    for one in team.projects:
        there, batch = sent.get(one.id), known.get(one.id)
        failed = batch is not None and batch["state"] in (State.FAILED, State.DEAD)
        pending = batch is not None and batch["state"] not in (
            State.COMPLETED,
            State.COMPLETED_EMPTY,
        )
        stopped = one.sharing is Sharing.STOPPED
        found.append(
            ProjectStatus(
                project=one.label,
                level=one.level.value,
                state=batch["state"] if batch and pending and not stopped else one.sharing.value,
                sessions=there["sessions"] if there else 0,
                rows=there["rows"] if there else 0,
                behind=find_changes(rows, team, one, 1).count if one.sharing is Sharing.ON else 0,
                pushed_at=there["sent_at"] if there else None,
                retry_at=batch["retry_at"] if batch and failed else None,
                error=batch["error_message"] if batch and failed else None,
                hint=batch["error_hint"] if batch and failed else None,
            )
        )
    return found
