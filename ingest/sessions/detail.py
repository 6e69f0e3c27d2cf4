"""One session in detail: its turns with their messages, commands and files; plans, goals, notes.

Only assembles rows of the views.
"""

from datetime import datetime

from msgspec import Struct, field

from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.plan_steps import decode_steps
from ingest.sessions.session import Session
from ingest.sessions.turn_messages import TurnKey, messages_by_turn

_ROLLED_BACK = ("rolled_back", "reverted")


class CommandRun(Struct, frozen=True):
    command: str | None
    exit_code: int | None
    status: str
    seconds: float | None
    at: datetime | None


class FileChange(Struct, frozen=True):
    path: str
    change: str
    moved_to: str | None
    status: str


class SessionTurn(Struct, kw_only=True):
    """The fields of a turn in `show --json`, in their order."""

    id: str | None
    n: int
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    prompt: str | None = None
    answer: str | None = None
    error: str | None
    error_code: str | None
    rolled_back: bool
    trigger: str | None
    model: str | None
    commands: list[CommandRun] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)
    steered: list[str] = field(default_factory=list)
    """Prompts that the user sent while the turn ran."""

    @property
    def last_prompt(self) -> str | None:
        return self.steered[-1] if self.steered else self.prompt


class SessionStep(Struct, frozen=True):
    text: str
    status: str


class SessionPlan(Struct, frozen=True):
    revision: int
    at: datetime | None
    explanation: str | None
    turn: int | None
    origin: str
    accepted: bool
    steps: list[SessionStep] = field(default_factory=list)


class SessionDetail(Struct, frozen=True):
    session: Session
    turns: list[SessionTurn]
    plans: list[SessionPlan]
    goals: list[Row]
    notes: list[Row]
    """Written by the optional observer command."""

    @property
    def effective_plans(self) -> list[SessionPlan]:
        """The plan revisions that Codex accepted and whose turns were not rolled back."""
        rolled_back = {turn.n for turn in self.turns if turn.rolled_back}
        return [plan for plan in self.plans if plan.accepted and plan.turn not in rolled_back]


def session_detail(access: NamedQueries, session: Session, home: str) -> SessionDetail:
    key = {"home": home, "session": session.id}
    turns = {(row["source"], row["place"]): _turn(row) for row in access.rows("show.turns", **key)}
    for turn_key, messages in messages_by_turn(access.rows("show.messages", **key)).items():
        if turn := turns.get(turn_key):
            turn.prompt = next(iter(messages.prompts), None)
            turn.steered, turn.answer = messages.prompts[1:], messages.answer
    for row in access.rows("show.commands", **key):
        if turn := turns.get(_turn_key(row)):
            turn.commands.append(
                CommandRun(
                    row["command"], row["exit_code"], row["status"], row["seconds"], row["time"]
                )
            )
    for row in access.rows("show.files", **key):
        if turn := turns.get(_turn_key(row)):
            turn.files.append(
                FileChange(row["path"], row["change"], row["moved_to"], row["status"])
            )
    plans = [_plan(turns, row) for row in access.rows("show.plans", **key)]
    goals, notes = access.rows("show.goals", **key), access.rows("show.notes", **key)
    return SessionDetail(session, list(turns.values()), plans, goals, notes)


def _turn_key(row: Row) -> TurnKey:
    return row["source"], row["turn"]


def _turn(row: Row) -> SessionTurn:
    return SessionTurn(
        id=row["id"],
        n=row["n"],
        state=row["state"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        seconds=row["seconds"],
        error=row["error"],
        error_code=row["error_code"],
        rolled_back=row["state"] in _ROLLED_BACK,
        trigger=row["trigger"],
        model=row["model"],
    )


def _plan(turns: dict[TurnKey, SessionTurn], row: Row) -> SessionPlan:
    turn = turns.get(_turn_key(row))
    return SessionPlan(
        row["revision"],
        row["time"],
        row["explanation"],
        turn.n if turn else None,
        row["origin"],
        row["accepted"],
        [SessionStep(text, status) for text, status in decode_steps(row["steps"])],
    )
