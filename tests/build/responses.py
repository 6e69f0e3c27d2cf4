"""The answers of the model, each written in the order its release writes it.

Thoughts, messages and calls are collected until the answer ends: `tokens()` sets its cost, or
the next call or the end of the turn closes it at a made-up price. The order differs:

  bare           state, then state and items
  0.34 - 0.97    context, count again, spoken events, count, items with outputs
  0.98 - 0.133   (context,) count again, events and items, count, outputs
  since 0.134    items, (usage record,) outputs, count
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.build import payload
from tests.build.expected import Expected, Turn, Usage
from tests.build.items import Items
from tests.build.line import Clock, Ids, Json
from tests.build.release import Release


@dataclass
class Spoken:
    """A thought, a message or a search: complete at once."""

    item: Json
    event: Json | None = None
    turn_item: Json | None = None


@dataclass
class Call:
    """A tool call; without an output it still runs."""

    item: Json
    output: Json | None = None
    ends: list[tuple[Json, int]] = field(default_factory=list)
    """turn items (with how long they took in ms) or, in legacy files, events"""


class Responses(Items):
    ends_follow = False
    """the end of a call is written after its output, as a watcher of processes may do"""

    def __init__(
        self, path: Path, clock: Clock, ids: Ids, release: Release, thread: payload.Thread
    ) -> None:
        super().__init__(path, clock, ids, release, thread)
        self.counted: Usage | None = None
        """the last token_count; None before the first"""
        self.recorded = Usage()
        """the thread's total in the last usage record"""
        self.limits: Json | None = None
        """the windows of the account's limits that token counts report"""
        self.last_record: Json | None = None
        self._last = Usage()
        self._turn_usage = Usage()
        self._pending: list[Spoken | Call] = []
        self.waiting: list[Spoken | Call] = []
        """the answer whose calls still run"""
        self._uncounted: Usage | None = None
        self.reminders: list[Json] = []
        """items that the program adds to the next request on its own"""
        self.price: Callable[[int], int] = growing
        """input tokens of an answer without a set price, by its number"""
        self.length: Callable[[int], int] = brief
        """output tokens of such an answer, a third of them thought"""
        self._asked = False
        """the request was sent, the answer has not begun"""
        self._answers = 0
        self._turn_answers = 0
        self._parallel = False

    @property
    def expected(self) -> Expected:
        """The facts of everything so far."""
        self.settle()
        return self.facts

    # ── the parts of an answer ────────────────────────────────────────────────────────────────────

    def add(self, part: Spoken | Call) -> None:
        if self.waiting:
            raise ValueError("a call is still open: finish it, abort the turn or die")
        if any(isinstance(old, Call) for old in self._pending) and not self._parallel:
            self.settle()
        self._pending.append(part)

    def tokens(self, input: int, cached: int, output: int, reasoning: int) -> None:
        """The cost of the last answer."""
        if not self._pending:
            raise ValueError("tokens() belongs right after what the model did")
        self._close(Usage(input, cached, output, reasoning))

    def together(self) -> "Together":
        """`with rollout.together():` puts several calls into one answer."""
        return Together(self)

    def gather(self, parallel: bool) -> None:
        if parallel and any(isinstance(part, Call) for part in self._pending):
            self.settle()
        self._parallel = parallel

    def settle(self) -> None:
        if self._pending and not self._parallel:
            self._close(self.next_usage())

    def next_usage(self) -> Usage:
        cost = self.price(self._answers)
        output = self.length(self._answers)
        return Usage(cost, cost // 2, output, output // 3)

    # ── the order of lines ──────────────────────────────────────────────────────────────────────

    def ask(self) -> None:
        """The request is sent."""
        if self._asked:
            return
        self._asked = True
        reminders, self.reminders = self.reminders, []
        for reminder in reminders:
            self.item(reminder)
        if self.release.bare:
            self.line("", {"record_type": "state"})
        elif self.release.context_each_request:
            self.context()

    def begin_answer(self) -> None:
        self.ask()
        self._asked = False
        if self.release.repeats_counts:
            self.count()

    def _close(self, usage: Usage) -> None:
        parts, self._pending = self._pending, []
        calls = [part for part in parts if isinstance(part, Call)]
        self._answers += 1
        self.begin_answer()
        for part in parts:
            if self.release.streams_items:
                self._speak(part)
                self.item(part.item)
            else:
                self._speak(part)
        self._spend(usage)
        self._snapshot()
        if any(call.output is None for call in calls):
            self.waiting = parts
            return
        self.finish(parts)

    def _speak(self, part: Spoken | Call) -> None:
        if isinstance(part, Spoken) and self.release.paginated and part.turn_item is not None:
            self.turn_item(part.turn_item)
        elif isinstance(part, Spoken) and part.event is not None and not self.wordless:
            self.line("event_msg", part.event)

    @property
    def wordless(self) -> bool:
        """No events for messages: bare files, and paginated ones with their turn items."""
        return self.release.bare or self.release.paginated

    def finish(self, parts: list[Spoken | Call]) -> None:
        """The outputs arrived (or never will)."""
        calls = [part for part in parts if isinstance(part, Call)]
        if self.release.streams_items:
            for call in calls:
                self._output(call)
        else:
            if self.release.bare:
                self.line("", {"record_type": "state"})
            for part in parts:
                self.item(part.item)
                if isinstance(part, Call):
                    self._output(part)
        self.count_late()
        self.sampled = self.sequence
        if calls:
            self.ask()

    def _output(self, call: Call) -> None:
        if self.ends_follow and call.output is not None:
            self.item(call.output)
        for end, took in call.ends:
            if self.release.paginated:
                self.turn_item(end, took)
            else:
                self.line("event_msg", end)
        if call.output is not None and not self.ends_follow:
            self.item(call.output)

    def _snapshot(self) -> None:
        if self.release.snapshots and self._turn_answers == 2:
            commit = {
                "id": self.ids.hex(40),
                "parent": payload.COMMIT,
                "preexisting_untracked_files": [],
                "preexisting_untracked_dirs": [],
            }
            self.item({"type": "ghost_snapshot", "ghost_commit": commit})

    # ── counts ──────────────────────────────────────────────────────────────────────────────────

    def _spend(self, usage: Usage) -> None:
        self._turn_answers += 1
        if self.release.bare:
            return
        self.facts.spend(usage)
        self.recorded += usage
        self._turn_usage += usage
        if self.release.usage_records:
            self._record(usage)
        self._uncounted = usage
        if self.release.counts_before_outputs:
            self.count_late()

    def _record(self, usage: Usage) -> None:
        self.last_record = {
            "thread_id": self.thread.id,
            "turn_id": self.turn_id,
            "session_id": self.thread.session_id,
            "root_turn_id": self.root_turn_id,
            "response_id": f"resp_{self.ids.number()}",
            "usage": usage.as_json(cache_write=True),
            "turn_token_usage": self._turn_usage.as_json(cache_write=True),
            "thread_token_usage": self.recorded.as_json(cache_write=True),
        }
        self.line("token_usage_record", self.last_record)

    def count_late(self) -> None:
        """Write the token count of the previous answer, if it was not written yet."""
        if self._uncounted is None:
            return
        self.counted = (self.counted or Usage()) + self._uncounted
        self._last, self._uncounted = self._uncounted, None
        self.count()

    def count(self, estimate: int | None = None) -> None:
        if not self.release.bare:
            self.event("token_count", **self._count(estimate))

    def _count(self, estimate: int | None) -> Json:
        return payload.token_count(self.release, self.counted, self._last, estimate, self.limits)

    def begin_turn(self, turn: Turn) -> None:
        self.facts.turns.append(turn)
        self._turn_usage = Usage()
        self._turn_answers = 0
        self._asked = False


def growing(answers: int) -> int:
    """A price that grows with the number of answers."""
    return 1600 + 400 * answers


def brief(_answers: int) -> int:
    return 90


class Together:
    def __init__(self, responses: Responses) -> None:
        self._responses = responses

    def __enter__(self) -> None:
        self._responses.gather(True)

    def __exit__(self, *_: object) -> None:
        self._responses.gather(False)
