"""One session as a whole: its turns with what was said, run and changed in each, its plans, goals
and notes.

Rows of the views are put together here; nothing is decided that the views do not say.
"""

from datetime import datetime

from msgspec import Struct, field

from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.plan_steps import decode_steps
from ingest.sessions.session import Session
from ingest.sessions.turn_messages import TurnKey, messages_by_turn

_GONE = ("rolled_back", "reverted")


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
    """What a person said while the turn ran."""

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
    """What an optional command noted of it."""

    @property
    def effective_plans(self) -> list[SessionPlan]:
        """The revisions that count: Codex took them, and their turns were not taken back."""
        gone = {turn.n for turn in self.turns if turn.rolled_back}
        return [plan for plan in self.plans if plan.accepted and plan.turn not in gone]


def session_detail(access: NamedQueries, session: Session, home: str) -> SessionDetail:
    key = {"home": home, "session": session.id}
    turns = {(row["source"], row["place"]): _turn(row) for row in access.rows("show.turns", **key)}
    for place, said in messages_by_turn(access.rows("show.messages", **key)).items():
        if turn := turns.get(place):
            turn.prompt = next(iter(said.prompts), None)
            turn.steered, turn.answer = said.prompts[1:], said.answer
    for row in access.rows("show.commands", **key):
        if turn := turns.get(_place(row)):
            turn.commands.append(
                CommandRun(
                    row["command"], row["exit_code"], row["status"], row["seconds"], row["time"]
                )
            )
    for row in access.rows("show.files", **key):
        if turn := turns.get(_place(row)):
            turn.files.append(
                FileChange(row["path"], row["change"], row["moved_to"], row["status"])
            )
    plans = [_plan(turns, row) for row in access.rows("show.plans", **key)]
    goals, notes = access.rows("show.goals", **key), access.rows("show.notes", **key)
    return SessionDetail(session, list(turns.values()), plans, goals, notes)


def _place(row: Row) -> TurnKey:
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
        rolled_back=row["state"] in _GONE,
        trigger=row["trigger"],
        model=row["model"],
    )


def _plan(turns: dict[TurnKey, SessionTurn], row: Row) -> SessionPlan:
    turn = turns.get(_place(row))
    return SessionPlan(
        row["revision"],
        row["time"],
        row["explanation"],
        turn.n if turn else None,
        row["origin"],
        row["accepted"],
        [SessionStep(text, status) for text, status in decode_steps(row["steps"])],
    )
