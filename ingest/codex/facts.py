"""What a line can tell: the facts, one struct a table, in the vocabulary of the views.

Every fact names its source (a number the store gave it) and the byte its line begins at;
together they are its key. Times are the text Codex wrote; the store reads them. A fact whose end is
not known yet (an open turn, a call without output) is stored as it stands and replaced later.
"""

from enum import StrEnum

from msgspec import Struct, field


class TurnState(StrEnum):
    """How a turn stands. Rolled back and reverted are seen from outside, in `v_turns`."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    """The next turn began and this one never said that it ended (a crash, a kill)."""


class CallStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    ABORTED = "aborted"
    LOST = "lost"
    """The turn ended and the output never came."""


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
    """Its place in this source, from 1."""
    turn_id: str | None
    state: str
    started_at: str | None
    ended_at: str | None = None
    seconds: float | None = None
    trigger: str | None = None
    """Who began it: a person (`user`, `exec`), a `goal`, another agent; or what it was for: a
    `review`, a compaction that a person asked for (`compact`)."""
    model: str | None = None
    effort: str | None = None
    error_code: str | None = None
    error: str | None = None
    end_reason: str | None = None
    ordinal: int | None = None
    """Codex's own number of its first line, where there is one: what a revert counts by."""


class Message(Struct, gc=False):
    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    role: str
    """`user`, `assistant`, or `agent` (a letter from another agent)."""
    phase: str | None
    """`commentary`, `final_answer`, `plan` (a proposed plan), `summary` (a compaction), `question`
    (to the user, while the agent goes on working)."""
    text: str
    chars: int
    """Length of the whole text; more than is kept where it was cut."""


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
    """The command line, the server and tool of MCP, the query, the script, the question."""
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
    """Of the call that made it."""
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
    """`tool`, or `script` where it was read out of JavaScript."""
    accepted: bool
    """False where Codex answered that the plan tool is off."""
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
    """Something rare worth keeping: a compaction, a review, an error, a new setting."""

    source: int
    byte: int
    length: int
    turn: int
    time: str | None
    kind: str
    text: str | None
    detail: str | None
    """JSON, where there is more to say."""


class Rollback(Struct, gc=False):
    source: int
    byte: int
    turns: int
    from_n: int
    """The first turn it drops: it counts back over the turns that a person began."""


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


class Prompt(Struct, gc=False):
    """A row of `history.jsonl`: what a person typed, whether or not a rollout tells of it."""

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
    """A line that could not be read, or a part of one, or a stretch of such lines.

    Of a stretch, what is kept is its first line, of which nothing is lost up to the cap.
    """

    source: int
    byte: int
    length: int
    """Of the first line."""
    whole: bool
    """False for a fragment before a record that could still be read."""
    reason: str
    message: str
    sha256: str
    head: str
    """Base64 of the first bytes: all of them, where it is short."""
    tail: str
    lines: int
    """How many lines were rejected here; empty ones between them do not count."""
    extent: int
    """Bytes from the begin of the first line to the end of the last."""
    trace: str | None = None


class Segment(Struct, gc=False):
    """One source of a thread as a whole: who it is, and how it stood at the last line read.

    Its totals are those of the rows it has in the other tables, so that nobody has to count these.
    """

    source: int
    thread: str
    root: str | None = None
    parent: str | None = None
    forked_from: str | None = None
    base_thread: str | None = None
    base_offset: int | None = None
    base_ordinal: int | None = None
    """Where in the base its own history begins to continue: a fork or a revert by pointer."""
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
    """`G0` … `G4`: which of the five formats its first line is."""
    started_at: str | None = None
    first_at: str | None = None
    last_at: str | None = None
    name: str | None = None
    model: str | None = None
    effort: str | None = None
    approval: str | None = None
    first_prompt: str | None = None
    """How the first thing a person said begins."""
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
    """The newest revision that was not refused; total and done are those of its steps."""
    plan_total: int = 0
    plan_done: int = 0
    context_used: int | None = None
    context_window: int | None = None
    replayed_lines: int = 0
    replayed_bytes: int = 0
    lossy_lines: int = 0
    unknown_lines: int = 0
    kinds: str | None = None
    """JSON {kind: [lines, bytes]}; an unknown kind has a `?` in front."""


class Facts(Struct):
    """The facts of one range of one source, table by table."""

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
    prompts: list[Prompt] = field(default_factory=list)
    names: list[ThreadName] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def count(self) -> int:
        """How many facts, rejected lines and the source's own row aside."""
        lists = (getattr(self, name) for name in self.__struct_fields__)
        return sum(map(len, lists)) - len(self.rejects) - len(self.segments)
