"""Turns: how one begins and ends, and what is known of it in between.

Since 0.101 a turn has a start and an end event. Before, a turn is a prompt and what follows, and
its end is inferred from the last message. After a crash there is no end at all.
"""

from collections.abc import Callable
from typing import Any

from ingest.codex import records as r
from ingest.codex.facts import Facts, Turn, TurnState
from ingest.codex.fields import compact_json, duration, optional_text, safe_int, stored_text
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState

REMEMBERED_TURNS = 32
"""A command that runs in the background for more turns than this is assigned to the newest turn."""
USER_TURNS = 1_000
"""Number of turns to remember for rollbacks; no thread was ever rolled back that far."""


class Turns:
    """The open turn of a thread, and the turns that ended in this range."""

    def __init__(self, current: LineContext, state: FoldState, facts: Facts) -> None:
        self.current = current
        self.state = state
        self.facts = facts
        self.stale: list[tuple[str, int]] = []
        open_turns = [turn for turn in (state.turn, state.overtaken) if turn is not None]
        self._stored = {turn.byte for turn in open_turns}
        self._counted = {turn.byte for turn in open_turns if turn.state == TurnState.FAILED}
        current.turn = state.segment.turns
        self.before_work: Callable[[], None] = lambda: None
        """Called before the agent does anything: the prompt may still have to be stored."""

    # ── start ───────────────────────────────────────────────────────────────────────────────────

    def started(self, event: r.TaskStarted) -> None:
        state = self.state
        segment = state.segment
        state.explicit_turns = True
        self.use_events()
        if segment.generation == "G2":
            segment.generation = "G3"
        if event.model_context_window != segment.context_window:
            segment.context_window = safe_int(event.model_context_window) or segment.context_window
        if segment.reviewing and not state.review_turn_seen:
            # The reviewer's own turn is also written to this file; the turn that requested the
            # review continues.
            state.review_turn_seen = True
            return
        # A second start means that the review ended with its process.
        segment.reviewing = False
        self.begin(event.turn_id, _trigger(event.turn_attribution))

    def begin(self, turn_id: str | None, trigger: str | None) -> None:
        state, current = self.state, self.current
        segment = state.segment
        if state.turn is not None:
            self._overtake(state.turn)
        segment.turns += 1
        segment.first_at = segment.first_at or current.at
        current.turn = segment.turns
        turn = Turn(
            current.source,
            current.offset,
            current.length,
            segment.turns,
            optional_text(turn_id, 128),
            TurnState.OPEN,
            current.at,
            trigger=optional_text(trigger, 64),
            model=segment.model,
            effort=segment.effort,
            ordinal=safe_int(current.ordinal),
        )
        self.facts.turns.append(turn)
        state.turn = turn
        state.has_user_message = state.has_agent_message = state.called_since_message = False
        if turn.turn_id:
            state.turn_numbers[turn.turn_id] = turn.n
            while len(state.turn_numbers) > REMEMBERED_TURNS:
                del state.turn_numbers[next(iter(state.turn_numbers))]

    def _overtake(self, turn: Turn) -> None:
        """A turn begins while another is open: the older one is lost, unless its end still
        follows.
        """
        if turn.state == TurnState.OPEN:
            self.end(turn, TurnState.LOST)
            self.state.overtaken = turn
        else:
            self.end(turn, TurnState(turn.state))

    def begin_review(self, turn_id: str | None) -> None:
        """A review begins. It is a turn of its own, whose start is usually not in the file."""
        turn = self.state.turn
        open_turns = turn is not None and turn_id is not None and turn.turn_id == turn_id
        unused = turn is not None and turn.state == TurnState.OPEN and not self.has_activity
        if turn is None or not (open_turns or unused):
            self.begin(turn_id, "review")
        else:
            self.mark_changed(turn).trigger = "review"
        self.state.segment.reviewing = True
        self.state.review_turn_seen = False

    @property
    def has_activity(self) -> bool:
        """Whether anything happened in the newest turn yet."""
        return self.state.has_user_message or self.state.has_agent_message

    # ── end ─────────────────────────────────────────────────────────────────────────────────────

    def mark_changed(self, turn: Turn) -> Turn:
        """`turn` is about to change: a stored row is replaced by the new one."""
        if turn.byte in self._stored:
            self._stored.discard(turn.byte)
            self.stale.append(("turns", turn.byte))
            self.facts.turns.append(turn)
        return turn

    def end(
        self, turn: Turn, state: TurnState, milliseconds: Any = None, reason: str | None = None
    ) -> None:
        self.mark_changed(turn)
        turn.state = state
        if state is not TurnState.LOST:
            turn.ended_at = turn.ended_at or self.current.at
        if (seconds := duration(milliseconds, 1000)) is not None:
            turn.seconds = seconds
        turn.end_reason = optional_text(reason, 64)
        if turn is self.state.turn:
            self._update_segment(turn)
            self.state.turn = None
        else:
            self.state.overtaken = None

    def find_ending(self, turn_id: str | None) -> Turn | None:
        """The turn that an end event with this id belongs to: the open one, or the one before
        it.
        """
        turn, overtaken = self.state.turn, self.state.overtaken
        if turn is not None and (not turn_id or turn.turn_id in (None, turn_id)):
            turn.turn_id = turn.turn_id or optional_text(turn_id, 128)
            return self.mark_changed(turn)
        if overtaken is not None and overtaken.turn_id == turn_id:
            return self.mark_changed(overtaken)
        return None

    def completed(self, turn: Turn, event: r.TaskComplete) -> None:
        error = event.error
        if isinstance(error, dict):
            self.state.records_failures = True
            turn.error_code = compact_json(error.get("codex_error_info"), 200)
            turn.error = optional_text(error.get("message"))
            self.end(turn, TurnState.FAILED, event.duration_ms, "error")
        elif self._has_no_answer(turn, event):
            self.end(turn, TurnState.FAILED, event.duration_ms, "no answer")
        else:
            if self.state.compacting and not self.has_activity and turn is self.state.turn:
                turn.trigger = "compact"
            self.end(turn, TurnState.COMPLETED, event.duration_ms)

    def number_of(self, turn_id: str | None) -> int | None:
        """The number of a recent turn by its id."""
        return self.state.turn_numbers.get(stored_text(turn_id, 128)) if turn_id else None

    def _has_no_answer(self, turn: Turn, event: r.TaskComplete) -> bool:
        """Before 0.145, a failed turn is one that ended without a message."""
        state = self.state
        if bytes(event.last_agent_message) != b"null" or turn is not state.turn:
            return False
        if turn.error is not None:
            return True
        if state.records_failures or state.compacting:
            return False
        return state.called_since_message or not state.has_agent_message

    def aborted(self, turn: Turn, event: r.TurnAborted) -> None:
        if isinstance(event.error, dict):
            turn.error = optional_text(event.error.get("message"))
        if turn is self.state.turn and not self.state.has_user_message:
            # Interrupted before the prompt was written, but started by the user all the same.
            self._begun_by_person()
        self.end(turn, TurnState.INTERRUPTED, event.duration_ms, event.reason)

    def record_error(self, event: r.ErrorEvent) -> None:
        """An error event has the reason; the end of the turn follows."""
        if self.state.turn is not None:
            turn = self.mark_changed(self.state.turn)
            turn.error_code = compact_json(event.codex_error_info, 200)
            turn.error = optional_text(event.message)

    def rolled_back(self, count: int) -> int:
        """The first turn that a rollback drops: it counts back over turns started by the user.

        Codex has two views of it. Its thread list counts an interrupted turn without a prompt; the
        history that it sends to the model counts only prompts, and loses the turn before. This
        follows the list, because users see it.
        """
        state = self.state
        if state.turn is not None and not state.explicit_turns:
            ended = state.turn.state != TurnState.OPEN
            self.end(state.turn, TurnState(state.turn.state) if ended else TurnState.LOST)
        remaining = state.user_turns
        if count <= 0 or not remaining:
            return state.segment.turns + 1
        first = remaining[max(0, len(remaining) - count)]
        state.user_turns = [n for n in remaining if n < first]
        return first

    # ── messages and calls ──────────────────────────────────────────────────────────────────────

    def set_model(self, model: str | None, effort: str | None) -> None:
        segment = self.state.segment
        segment.model = model or segment.model
        segment.effort = effort or segment.effort
        turn = self.state.turn
        if turn is not None and (turn.model, turn.effort) != (segment.model, segment.effort):
            self.mark_changed(turn)
            turn.model, turn.effort = segment.model, segment.effort

    def user_prompted(self) -> None:
        """A message of the user: without turn events, it begins a turn."""
        state = self.state
        if not state.explicit_turns:
            self.begin(None, None)
        if not state.has_user_message:
            state.has_user_message = True
            self._begun_by_person()

    def _begun_by_person(self) -> None:
        self.state.user_turns.append(self.state.segment.turns)
        del self.state.user_turns[:-USER_TURNS]

    def user_ran_command(self) -> None:
        """The user ran a command: if it is the whole turn, no answer follows."""
        if not self.state.has_user_message:
            self.state.has_agent_message = True

    def agent_answered(self) -> None:
        """A message of the agent: without turn events, it is the only sign of an end."""
        state = self.state
        state.responded = state.has_agent_message = True
        state.compacting = state.called_since_message = False
        if not state.explicit_turns and state.turn is not None:
            turn = self.mark_changed(state.turn)
            turn.state, turn.ended_at = TurnState.COMPLETED, self.current.at

    def use_events(self) -> None:
        """There is an event for a message or turn: items beside events are duplicates."""
        self.state.has_events, self.state.items_only = True, False
        self.state.held_prompts.clear()

    def tool_called(self) -> None:
        """The agent called a tool, so a turn that looked finished is not."""
        self.before_work()
        self.state.responded = self.state.called_since_message = True
        self.state.compacting = False
        turn = self.state.turn
        if turn is not None and turn.state != TurnState.OPEN:
            self.mark_changed(turn)
            turn.state, turn.ended_at = TurnState.OPEN, None

    def close(self) -> None:
        """Set the turn columns of the thread's row: the state of the newest turn, and the number
        of failed turns.
        """
        if self.state.turn is not None:
            self._update_segment(self.state.turn)
        failed = sum(turn.state == TurnState.FAILED for turn in self.facts.turns)
        replaced = sum(byte in self._counted for _, byte in self.stale)
        self.state.segment.failed_turns += failed - replaced

    def _update_segment(self, turn: Turn) -> None:
        segment = self.state.segment
        segment.last_turn_state = turn.state
        segment.last_turn_started_at = turn.started_at


def _trigger(attribution: r.TurnAttribution | None) -> str | None:
    if attribution is None:
        return None
    return "agent" if attribution.initiating_agent_path else attribution.turn_trigger
