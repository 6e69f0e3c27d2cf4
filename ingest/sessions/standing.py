"""How a session stood at a line of its file: its plan, the files it had changed, and its tokens."""

from datetime import datetime

from msgspec import Struct

from ingest.codex.facts import PlanStep
from ingest.db.query_reader import NamedQueries
from ingest.sessions.load import decode_steps
from ingest.sessions.timeline import TimelinePosition


class PlanAt(Struct, frozen=True):
    number: int
    revisions: int
    """In the whole session."""
    time: datetime | None
    explanation: str | None
    steps: list[PlanStep]


class FileAt(Struct, frozen=True):
    path: str
    """Relative to the session's folder, if it is in it."""
    change: str
    edits: int
    newest: bool


class Standing(Struct, frozen=True):
    plan: PlanAt | None
    files: list[FileAt]
    """The newest first."""
    tokens: int
    all_tokens: int
    """Of the whole session."""
    commands: int
    failed: int


def load_standing(rows: NamedQueries, home: str, session: str, at: TimelinePosition) -> Standing:
    values = {"home": home, "session": session, "source": at.source, "byte": at.byte}
    plan = rows.first_row("timeline.plan_at", **values)
    files = rows.rows("timeline.files_at", **values)
    counts = rows.first_row("timeline.counts_at", **values) or {}
    return Standing(
        plan=None
        if plan is None
        else PlanAt(
            plan["n"], plan["revisions"], plan["time"], plan["explanation"],
            decode_steps(plan["steps"]),
        ),
        files=[
            FileAt(_below(row["path"], row["cwd"]), row["change"], row["edits"], row["newest"])
            for row in files
        ],
        tokens=counts.get("tokens", 0),
        all_tokens=counts.get("all_tokens", 0),
        commands=counts.get("commands", 0),
        failed=counts.get("failed", 0),
    )  # fmt: skip


def _below(path: str, folder: str | None) -> str:
    return path.removeprefix(f"{folder}/") if folder else path
