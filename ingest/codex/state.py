"""The state that the fold carries from one range of a thread to the next.

Stored with the cursor in the same transaction, so that reading an append costs only its own bytes,
however large the file is. It stays small: it contains what is open, not the past. Renamed fields
are stored under their first names (`rename=`), so that state of earlier versions can be read.
"""

from msgspec import Struct, field

from ingest.codex.facts import Call, Goal, PlanRevision, Segment, Turn
from ingest.codex.rejected_runs import RejectedRun


class Totals(Struct, array_like=True, gc=False):
    """A count of tokens. `cached` is part of `input`, `reasoning` is part of `output`."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0

    def minus(self, other: "Totals") -> "Totals":
        """The difference, never below zero in any part."""
        return Totals(
            max(0, self.input - other.input),
            max(0, self.cached - other.cached),
            max(0, self.output - other.output),
            max(0, self.reasoning - other.reasoning),
            max(0, self.total - other.total),
        )

    def plus(self, other: "Totals") -> "Totals":
        return Totals(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.total + other.total,
        )


class TokenState(Struct, rename={"baseline_known": "based"}):
    """What was counted last: enough to compute what the next count adds."""

    seen: Totals = field(default_factory=Totals)
    """The last cumulative total in the file."""
    recorded: Totals = field(default_factory=Totals)
    """What token_usage_records added since then: the next total includes it."""
    baseline_known: bool = True
    """False until the first total of a fork or revert by pointer shows its baseline."""
    responses: list[str] = field(default_factory=list)
    """The last few response ids, so that a record written twice counts once."""


class CopyState(Struct):
    """Where the history that was copied from a parent ends and the thread's own begins."""

    copying: bool = False
    start_ordinal: int | None = None
    turns_seen: bool = False
    """Whether the copied part has turn events: then only a turn event can end it."""
    last_at: str | None = None


class Permissions(Struct, rename={"asks_user": "asks_person"}):
    """The agent's permissions according to the newest turn."""

    read_only: bool = False
    """Whether its sandbox prevents all writing."""
    asks_user: bool = True
    """Whether the user is asked for approval; otherwise the action is refused, or another agent
    is asked.
    """


class HeldPrompt(Struct, array_like=True, gc=False):
    """A prompt that is known only from an item so far, and its position."""

    offset: int
    length: int
    at: str | None
    text: str


_STORED_NAMES = {
    "has_user_message": "prompted",
    "has_agent_message": "answered",
    "called_since_message": "calling",
    "held_prompts": "held",
    "records_failures": "tells_failures",
    "completed_calls": "answered_calls",
    "pending_edits": "edits",
    "pending_plans": "plans",
    "scripted_plans": "scripted",
    "accepted_plan": "plan_kept",
    "permissions": "rights",
    "pending_approvals": "asks",
    "started_agents": "children",
    "review_turn_seen": "review_leaked",
    "rejected_run": "stretch",
}
"""The names of renamed fields in stored state."""


class FoldState(Struct, rename=_STORED_NAMES):
    segment: Segment
    turn: Turn | None = None
    overtaken: Turn | None = None
    """The turn that was open when the newest began: another process may still end it."""
    user_turns: list[int] = field(default_factory=list)
    """The newest turns started by the user and not rolled back: a rollback counts these."""
    has_user_message: bool = False
    """Whether there is a message of the user in the newest turn."""
    has_agent_message: bool = False
    """Whether there is a message of the agent in the open turn: before 0.145, a failed turn has
    none.
    """
    called_since_message: bool = False
    """Whether the agent called a tool since its last message."""
    turn_numbers: dict[str, int] = field(default_factory=dict)
    """The newest turns by id: a command that ran in the background names its turn."""
    has_events: bool = False
    """Whether this file has events for messages, as Codex writes them."""
    items_only: bool = False
    """Whether the model answered before any event: a file of another program, with items only."""
    held_prompts: list[HeldPrompt] = field(default_factory=list)
    """Prompts from items, as long as neither of these two is known."""
    explicit_turns: bool = False
    """Whether this file has turn events; without them, a turn is a prompt and what follows."""
    records_failures: bool = False
    """Whether the version of Codex records the failure of a turn (0.145 and later)."""
    responded: bool = False
    """Whether the model has responded in this file."""
    header_seen: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    interrupted: dict[str, Call] = field(default_factory=dict)
    """The newest calls that ended without an exit code: it may follow, and names its call."""
    completed_calls: list[str] = field(default_factory=list)
    """The newest calls that ended with an output: later records about them are repetitions."""
    pending_edits: dict[str, list[tuple[str, str, str | None]]] = field(default_factory=dict)
    """Open patches and their edits: (path, change, new path)."""
    pending_plans: dict[str, PlanRevision] = field(default_factory=dict)
    """Plan revisions whose answer is still to come."""
    scripted_plans: dict[str, list[PlanRevision]] = field(default_factory=dict)
    """The same for scripts, each of which may set several."""
    accepted_plan: tuple[int, int, int] = (0, 0, 0)
    """Revision, number of steps and of completed steps of the newest plan that was not refused."""
    goal: Goal | None = None
    """The last goal: a call and an event may both record it."""
    shells: dict[str, str] = field(default_factory=dict)
    """Running shell session to the call that started it: its exit code follows later."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Calls that send input to a running shell, to the call that started it."""
    permissions: Permissions = field(default_factory=Permissions)
    pending_approvals: dict[str, list[str]] = field(default_factory=dict)
    """Open calls that need an approval, with the commands to approve (empty if unreadable)."""
    started_agents: list[str] = field(default_factory=list)
    """Sub-agents, by id and by path, whose start is stored already."""
    review_turn_seen: bool = False
    """Whether the start of the open review's own turn is in this file."""
    compacting: bool = False
    tokens: TokenState = field(default_factory=TokenState)
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The limits that were stored last, see `limits.py`."""
    copies: CopyState = field(default_factory=CopyState)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    part_starts: dict[str, int] = field(default_factory=dict)
    """Where the parts of a file that Codex replaced begin, see `tail/rotation.py`."""
    rejected_run: RejectedRun | None = None
    """The run of lines without a record at the end of the range: the next range may extend it."""
