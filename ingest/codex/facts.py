"""The facts decoded from lines: one struct per table, its fields are the columns.

The key of a fact is its source (assigned by the database) and the byte offset of its line. Times
are the text that Codex wrote; the database parses them. A fact that is not complete yet (an open
turn, a call without output) is stored and replaced later.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct, field


class TurnState(StrEnum):
    """State of a turn; `v_turns` adds `rolled_back` and `reverted`."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    """The next turn began without an end of this one (Codex crashed or was killed)."""


class CallStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    ABORTED = "aborted"
    LOST = "lost"
    """The turn ended without an output of the call."""


class CallKind(StrEnum):
    COMMAND = "command"
    PATCH = "patch"
    PLAN = "plan"
    MCP = "mcp"
    SEARCH = "search"
    IMAGE = "image"
    AGENT = "agent"
    GOAL = "goal"
    QUESTION = "question"
    SCRIPT = "script"
    """Code mode: JavaScript that calls the other tools."""
    OTHER = "other"


class Turn(Struct, gc=False, omit_defaults=True):
    source: int
    byte: int
    length: int
    n: int
    """Number of the turn in this source, from 1."""
    turn_id: str | None
    state: str
    started_at: str | None
    ended_at: str | None = None
    seconds: float | None = None
    trigger: str | None = None
    """What started the turn: the user (`user`, `exec`), a `goal`, another `agent`, a `review`, or a
    compaction requested by the user (`compact`)."""
    model: str | None = None
    effort: str | None = None
    error_code: str | None = None
    error: str | None = None
    end_reason: str | None = None
    ordinal: int | None = None
    """Codex's ordinal of its first line, if the file has ordinals; reverts refer to it."""


class Message(Struct, gc=False):
    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    role: str
    """`user`, `assistant`, or `agent` (a message from another agent)."""
    phase: str | None
    """`commentary`, `final_answer`, `plan` (a proposed plan), `summary` (a compaction), `question`
    (to the user, while the agent continues working)."""
    text: str
    chars: int
    """Length of the whole text; `text` may be truncated."""


class Call(Struct, gc=False, omit_defaults=True):
    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    call_id: str | None
    kind: str
    tool: str
    command: str | None
    """Command line, MCP arguments, query, script or question, depending on the kind."""
    status: str
    workdir: str | None = None
    ended_at: str | None = None
    exit_code: int | None = None
    seconds: float | None = None
    output_head: str | None = None
    output_tail: str | None = None
    output_chars: int | None = None
    output_byte: int | None = None
    output_length: int | None = None


class FileEdit(Struct, gc=False):
    source: int
    byte: int
    """Byte offset of the call that made the edit."""
    turn: int
    time: str | None
    path: str
    change: str
    """`add`, `update`, `delete`, `move`."""
    moved_to: str | None
    status: str


class PlanStep(Struct, array_like=True, gc=False):
    text: str
    status: str


class PlanRevision(Struct, gc=False):
    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    revision: int
    origin: str
    """`tool`, or `script` if it was read from JavaScript."""
    accepted: bool
    """False if Codex answered that the plan tool is disabled."""
    explanation: str | None
    steps: list[PlanStep]


class Goal(Struct, gc=False):
    source: int
    byte: int
    turn: int
    time: str | None
    objective: str | None
    status: str | None
    token_budget: int | None
    tokens_used: int | None
    seconds: int | None


class AgentLink(Struct, gc=False):
    source: int
    byte: int
    turn: int
    time: str | None
    event: str
    """`spawned`, `started`, `interacted`, `interrupted`, `completed`, `errored`, `resumed`,
    `closed`."""
    child: str | None
    nickname: str | None
    role: str | None
    path: str | None
    task: str | None


class EventFact(Struct, gc=False):
    """A rare event: a compaction, a review, an error, memories that an answer used (`memory`)."""

    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    kind: str
    text: str | None
    detail: str | None
    """JSON with further details."""


class Rollback(Struct, gc=False):
    source: int
    byte: int
    turns: int
    from_n: int
    """The first turn it drops; only turns started by the user count."""


class TokenUse(Struct, gc=False):
    source: int
    byte: int
    turn: int
    time: str | None
    model: str | None
    input: int
    cached: int
    output: int
    reasoning: int
    total: int


MAIN_BUCKET: Final = "codex"
"""The limits of Codex itself; releases before 0.10x name none."""


class LimitUse(Struct, gc=False):
    """How much of a window of the account's limits was used; one row for each change."""

    source: int
    byte: int
    turn: int
    time: str | None
    bucket: str
    """`MAIN_BUCKET`, or the model or feature that has limits of its own."""
    window_minutes: int | None
    used_percent: float
    """May exceed 100."""
    resets_at: str | None
    plan: str | None


class Prompt(Struct, gc=False):
    """A row of `history.jsonl`: a prompt that the user typed."""

    source: int
    byte: int
    length: int
    thread: str
    time: str | None
    text: str


class ThreadName(Struct, gc=False):
    source: int
    byte: int
    thread: str
    name: str
    time: str | None


class Reject(Struct, gc=False, omit_defaults=True):
    """A line, a part of a line or a run of lines that could not be decoded.

    Of a run, the first line is stored, complete up to a limit.
    """

    source: int
    byte: int
    length: int
    """Of the first line."""
    whole: bool
    """False for a fragment before a record that could be decoded."""
    reason: str
    message: str
    sha256: str
    head: str
    """Base64 of the first bytes; all of them if the line is short."""
    tail: str
    lines: int
    """Number of rejected lines, without empty lines between them."""
    extent: int
    """Bytes from the start of the first line to the end of the last."""
    trace: str | None = None


class Segment(Struct, gc=False):
    """One source of a thread: its identity, and its state at the last line read.

    The totals are those of its rows in the other tables, so that readers need not count them.
    """

    source: int
    thread: str
    root: str | None = None
    parent: str | None = None
    forked_from: str | None = None
    base_thread: str | None = None
    base_offset: int | None = None
    base_ordinal: int | None = None
    """Position in the base thread where a fork or revert by pointer continues."""
    nickname: str | None = None
    role: str | None = None
    agent_path: str | None = None
    origin: str | None = None
    """`cli`, `exec`, `vscode`, `mcp`, `subagent`, `review`, …"""
    originator: str | None = None
    cwd: str | None = None
    branch: str | None = None
    commit: str | None = None
    repository: str | None = None
    cli_version: str | None = None
    provider: str | None = None
    generation: str | None = None
    """`G0` … `G4`: the format of the file."""
    started_at: str | None = None
    first_at: str | None = None
    last_at: str | None = None
    name: str | None = None
    model: str | None = None
    effort: str | None = None
    approval: str | None = None
    first_prompt: str | None = None
    """The beginning of the first prompt."""
    turns: int = 0
    failed_turns: int = 0
    last_turn_state: str | None = None
    last_turn_started_at: str | None = None
    open_calls: int = 0
    open_tool: str | None = None
    open_command: str | None = None
    open_since: str | None = None
    waits_for_user: bool = False
    commands: int = 0
    failed_commands: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0
    reviewing: bool = False
    reasonings: int = 0
    compactions: int = 0
    plan_revision: int = 0
    plan_accepted: int = 0
    """The newest revision that was not refused; `plan_total` and `plan_done` count its steps."""
    plan_total: int = 0
    plan_done: int = 0
    context_used: int | None = None
    context_window: int | None = None
    replayed_lines: int = 0
    replayed_bytes: int = 0
    lossy_lines: int = 0
    unknown_lines: int = 0
    kinds: str | None = None
    """JSON {kind: [lines, bytes]}; unknown kinds are prefixed with `?`."""


class Facts(Struct):
    """The facts of one range of one source, by table."""

    turns: list[Turn] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    files: list[FileEdit] = field(default_factory=list)
    plans: list[PlanRevision] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    agents: list[AgentLink] = field(default_factory=list)
    events: list[EventFact] = field(default_factory=list)
    rollbacks: list[Rollback] = field(default_factory=list)
    usage: list[TokenUse] = field(default_factory=list)
    limits: list[LimitUse] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    names: list[ThreadName] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def count(self) -> int:
        """Number of facts, without rejected lines and segments."""
        lists = (getattr(self, name) for name in self.__struct_fields__)
        return sum(map(len, lists)) - len(self.rejects) - len(self.segments)
