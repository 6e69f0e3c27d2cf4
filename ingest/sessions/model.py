"""One session as the log describes it: its turns with what happened in them, plans, goals, notes.

The only model of a session's content: `load.py` loads it, and commands, screens, journals and state
files select from it, order, shorten and word it. Fields of a struct are the columns of its query
in `db/queries/sessions.sql`, except for `turn`: here it is the number of the turn in the session,
counted from 1 over all its files, or None if no turn had begun.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct, field

from ingest.codex.facts import CallKind, PlanStep
from ingest.codex.request_text import request_in
from ingest.sessions.session import Session, Tokens

_ROLLED_BACK: Final = ("rolled_back", "reverted")
_ANSWER_RANKS: Final = {"final_answer": 0, None: 0, "plan": 1, "commentary": 2, "question": 3}
"""Rank of an answer by its phase: the lowest is best. Messages of other phases are no answers."""
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)


class SessionFile(Struct, frozen=True):
    """A file of Codex that holds a part of the session."""

    source: int
    path: str
    representation: str
    archived: bool
    state: str
    read_to: int
    """The number of bytes that were read."""


class SessionFact(Struct, frozen=True, kw_only=True, gc=False):
    source: int
    turn: int | None
    byte: int = 0


class TurnMessage(SessionFact, frozen=True, kw_only=True, gc=False):
    at: datetime | None
    role: str
    phase: str | None
    text: str
    chars: int
    """Length of the whole text; `text` may be truncated."""


class SessionCall(SessionFact, frozen=True, kw_only=True, gc=False):
    at: datetime | None
    kind: str
    tool: str
    command: str | None
    status: str
    exit_code: int | None
    seconds: float | None
    output: str | None = None
    """Only if it was requested, and shows the result."""
    own: bool = False
    """Whether it asked Tailboard."""


class SessionChange(SessionFact, frozen=True, kw_only=True, gc=False):
    path: str
    change: str
    moved_to: str | None
    status: str


class SessionPlan(SessionFact, frozen=True, kw_only=True):
    """A revision of the plan."""

    at: datetime | None
    revision: int
    origin: str
    accepted: bool
    explanation: str | None
    steps: list[PlanStep]


class SessionGoal(SessionFact, frozen=True, kw_only=True, gc=False):
    """A change of a goal. Without an objective it refers to the goal before it."""

    at: datetime | None
    objective: str | None
    status: str | None
    token_budget: int | None
    tokens_used: int | None
    seconds: int | None


class SessionNote(SessionFact, frozen=True, kw_only=True, gc=False):
    """A note that the optional observer command wrote; made from untrusted text."""

    at: datetime | None
    origin: str
    untrusted: bool
    kind: str | None
    text: str


class SessionTurn(Struct, kw_only=True):
    n: int
    source: int
    byte: int
    id: str | None
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    trigger: str | None
    model: str | None
    error_code: str | None
    error: str | None
    messages: list[TurnMessage] = field(default_factory=list)
    calls: list[SessionCall] = field(default_factory=list)
    changes: list[SessionChange] = field(default_factory=list)
    tokens: Tokens = Tokens()

    @property
    def rolled_back(self) -> bool:
        return self.state in _ROLLED_BACK

    @property
    def commands(self) -> list[SessionCall]:
        return [call for call in self.calls if call.kind == CallKind.COMMAND]

    @property
    def prompts(self) -> list[str]:
        """The prompt that began the turn, then those that the user sent while it ran."""
        return [
            request_in(message.text) or message.text
            for message in self.messages
            if message.role == "user"
        ]

    @property
    def answer(self) -> str | None:
        """The last message of the best rank, which is Codex's last agent message."""
        answers = [
            message
            for message in reversed(self.messages)
            if message.role == "assistant" and message.phase in _ANSWER_RANKS
        ]
        best = min(answers, key=lambda message: _ANSWER_RANKS[message.phase], default=None)
        return best.text if best else None


Fact = TypeVar("Fact", bound=SessionFact)


class SessionLog(Struct, frozen=True):
    """What was loaded of a session, in the order it was written; see `load.Parts`."""

    session: Session
    files: list[SessionFile] = field(default_factory=list)
    turns: list[SessionTurn] = field(default_factory=list)
    calls: list[SessionCall] = field(default_factory=list)
    """All calls, those of the turns included."""
    plans: list[SessionPlan] = field(default_factory=list)
    goals: list[SessionGoal] = field(default_factory=list)
    notes: list[SessionNote] = field(default_factory=list)

    def effective(self, facts: Iterable[Fact]) -> list[Fact]:
        """Those of these facts whose turn was not rolled back."""
        rolled_back = {turn.n for turn in self.turns if turn.rolled_back}
        return [fact for fact in facts if fact.turn not in rolled_back]

    @property
    def effective_plans(self) -> list[SessionPlan]:
        """The revisions of the plan that Codex accepted and whose turns were not rolled back."""
        return self.effective(plan for plan in self.plans if plan.accepted)


def patched_files(command: str) -> list[str]:
    """The files that a patch names."""
    return _PATCHED.findall(command)
