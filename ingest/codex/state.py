"""What the next line of a thread needs to know of the lines before it.

It is kept beside the cursor, in the same transaction, so that an append costs its own bytes
whatever the size of the file. It stays small: what is open, not what has been.
"""

from msgspec import Struct, field

from ingest.codex.facts import Call, Goal, PlanRevision, Segment, Turn
from ingest.codex.rejected_runs import RejectedRun


class Totals(Struct, array_like=True, gc=False):
    """A count of tokens. Input holds what was cached, output what was reasoning."""

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


class TokenState(Struct):
    """What was counted last. It is enough to tell what the next count adds."""

    seen: Totals = field(default_factory=Totals)
    """The last cumulative total the file showed."""
    recorded: Totals = field(default_factory=Totals)
    """What token_usage_records counted since then: the next total holds it too."""
    based: bool = True
    """False until the first total of a fork or revert by pointer told what it started from."""
    responses: list[str] = field(default_factory=list)
    """The last few response ids, so that a record written twice counts once."""


class CopyState(Struct):
    """Where the history that was copied from a parent ends and the thread's own begins."""

    copying: bool = False
    start_ordinal: int | None = None
    turns_seen: bool = False
    """Whether the copied part has turn events: then only a turn event can end it."""
    last_at: str | None = None


class Rights(Struct):
    """What the agent may do, as the newest turn said."""

    read_only: bool = False
    """Whether its sandbox lets it write nothing."""
    asks_person: bool = True
    """Whether a person is asked for what it may not do; else it is refused, or another agent is."""


class HeldPrompt(Struct, array_like=True, gc=False):
    """A message of a user that only an item told so far, and where it stands."""

    offset: int
    length: int
    at: str | None
    text: str


class FoldState(Struct):
    segment: Segment
    turn: Turn | None = None
    overtaken: Turn | None = None
    """The turn that was open when the newest began: another process may still end it."""
    user_turns: list[int] = field(default_factory=list)
    """The newest turns that a person began and no rollback dropped: a rollback counts these."""
    prompted: bool = False
    """Whether a person said anything in the newest turn."""
    answered: bool = False
    """Whether the open turn has said anything: a failure before 0.145 shows as silence."""
    calling: bool = False
    """Whether the agent called a tool since it last said something."""
    turn_numbers: dict[str, int] = field(default_factory=dict)
    """The newest turns by their ids: what ran on in the background names its turn."""
    has_events: bool = False
    """Whether this file tells by events what is said, as Codex does."""
    items_only: bool = False
    """Whether the model answered before any event: a file of another program, whose items tell."""
    held: list[HeldPrompt] = field(default_factory=list)
    """What was asked by items while neither of these is known."""
    explicit_turns: bool = False
    """Whether this file has turn events; without them a turn is a prompt and what follows."""
    tells_failures: bool = False
    """Whether this file's Codex says of a failed turn that it failed (0.145 and later)."""
    responded: bool = False
    """Whether the model has said or done anything in this file."""
    header_seen: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    interrupted: dict[str, Call] = field(default_factory=dict)
    """The newest calls that ended without an exit code: it may follow, and names its turn."""
    answered_calls: list[str] = field(default_factory=list)
    """The newest calls that an output ended: what Codex tells of one after that is known."""
    edits: dict[str, list[tuple[str, str, str | None]]] = field(default_factory=dict)
    """Open patches, to the edits they ask for: (path, change, moved to)."""
    plans: dict[str, PlanRevision] = field(default_factory=dict)
    """Plan revisions whose answer is still to come."""
    scripted: dict[str, list[PlanRevision]] = field(default_factory=dict)
    """The same of scripts, each of which may set several."""
    plan_kept: tuple[int, int, int] = (0, 0, 0)
    """Revision, steps and steps done of the newest one whose answer was no refusal."""
    goal: Goal | None = None
    """The goal told last: a call and an event may tell the same."""
    shells: dict[str, str] = field(default_factory=dict)
    """Running shell session to the call that began it: its exit code arrives later."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Later input to a running shell, to the call that began it."""
    rights: Rights = field(default_factory=Rights)
    asks: dict[str, list[str]] = field(default_factory=dict)
    """Open calls that need an approval, to what it is needed for: a command line, or nothing
    where that cannot be read."""
    children: list[str] = field(default_factory=list)
    """Sub-agents, by id and by path, whose start was told already."""
    review_leaked: bool = False
    """Whether the open review's own turn was seen to begin in this file."""
    compacting: bool = False
    tokens: TokenState = field(default_factory=TokenState)
    copies: CopyState = field(default_factory=CopyState)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    stretch: RejectedRun | None = None
    """The lines without a record that the range ended with: the next may go on with them."""
