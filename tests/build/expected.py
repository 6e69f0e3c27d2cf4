"""The facts of a session file, recorded by the builder while it writes the lines.

`state` is what happened; `marked` is whether the file itself records the end of the turn, which
releases before 0.101 do not, and which no release does when its process is killed.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.build.line import Json


class State(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Usage:
    """Tokens of one response or of many: input includes cached, output includes reasoning."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )

    def as_json(self, *, cache_write: bool) -> Json:
        return {
            "input_tokens": self.input,
            "cached_input_tokens": self.cached,
            **({"cache_write_input_tokens": 0} if cache_write else {}),
            "output_tokens": self.output,
            "reasoning_output_tokens": self.reasoning,
            "total_tokens": self.total,
        }


@dataclass
class Command:
    command: str
    call_id: str
    state: State
    exit_code: int | None = None
    output: str = ""


@dataclass(frozen=True)
class FileTouch:
    path: str
    """absolute"""
    change: str
    """add, update or delete"""
    call_id: str


@dataclass(frozen=True)
class PlanRevision:
    steps: tuple[tuple[str, str], ...]
    """each step's text and status"""
    explanation: str | None


@dataclass
class Goal:
    objective: str
    status: str
    budget: int | None = None


@dataclass(frozen=True)
class Agent:
    thread_id: str
    task: str
    name: str | None
    """its path (0.140 and later) or its nickname"""


@dataclass
class Turn:
    turn_id: str | None
    """None if the release gives turns no id"""
    state: State = State.OPEN
    marked: bool = False
    prompts: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    answer: str | None = None
    error: str | None = None
    """the text as far as the file keeps it"""
    tokens: Usage = Usage()
    dropped: bool = False
    """rolled back or reverted"""


@dataclass
class Expected:
    """All facts of one session file, without those of copied history."""

    thread_id: str
    cli_version: str
    cwd: str
    model: str
    parent: str | None = None
    relation: str | None = None
    """fork, agent, review or revert"""
    turns: list[Turn] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    files: list[FileTouch] = field(default_factory=list)
    plan: list[PlanRevision] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)
    compactions: int = 0
    failed_patches: int = 0
    tools: list[str] = field(default_factory=list)
    """every tool called, in order, by the name the model used"""
    tokens: Usage = Usage()
    """the tokens of this file's own responses; none if the release writes no counts"""
    task: str | None = None
    """the task of an agent"""
    leaked: list[str] = field(default_factory=list)
    """turns of a review that begin in the parent's file too and never end there"""
    inherited: Usage = Usage()
    """what a fork's counters start from"""
    copied_lines: int = 0
    """lines after the first that repeat the parent's history"""

    @property
    def prompts(self) -> list[str]:
        return [prompt for turn in self.turns for prompt in turn.prompts]

    @property
    def answers(self) -> list[str]:
        return [turn.answer for turn in self.turns if turn.answer is not None]

    @property
    def states(self) -> list[State]:
        return [turn.state for turn in self.turns]

    def drop(self, turns: int) -> None:
        """Mark the last turns that still count as rolled back."""
        alive = [turn for turn in self.turns if not turn.dropped]
        for turn in alive[len(alive) - turns :] if turns else []:
            turn.dropped = True

    def spend(self, usage: Usage) -> None:
        self.tokens += usage
        if self.turns:
            self.turns[-1].tokens += usage

    def revise_goal(self, status: str) -> Goal:
        self.goals[-1] = replace(self.goals[-1], status=status)
        return self.goals[-1]
