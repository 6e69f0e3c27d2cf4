"""Turns: when one begins, how it ends, and what is known of it in between.

Since 0.104 a turn has a start and an end of its own. Before, a turn is a prompt and what follows,
and that it is done can only be guessed from the last thing said. A crash leaves no end at all.
"""

from typing import Any

from ingest.codex import records as r
from ingest.codex.facts import Facts, Turn, TurnState
from ingest.codex.here import Here
from ingest.codex.state import FoldState
from ingest.codex.text import compact, maybe


class Turns:
    """The open turn of a thread and the turns that ended in this range."""

    def __init__(self, here: Here, state: FoldState, facts: Facts) -> None:
        self.here = here
        self.state = state
        self.facts = facts
        self.stale: list[tuple[str, int]] = []
        self._stored = state.turn is not None
        here.turn = state.segment.turns

    def started(self, event: r.TaskStarted) -> None:
        state = self.state
        state.explicit_turns = True
        attribution = event.turn_attribution
        window = event.model_context_window
        if isinstance(window, int):
            state.segment.context_window = window
        if state.segment.reviewing:
            # The reviewer's own turn leaks into this file; the turn that asked for it goes on.
            if state.turn is None:
                self.begin(state.review_turn or event.turn_id, "review")
            return
        self.begin(event.turn_id, attribution.turn_trigger if attribution else None)

    def begin(self, turn_id: str | None, trigger: str | None) -> None:
        if self.state.turn is not None:
            ended = self.state.turn.state != TurnState.OPEN
            self.end(TurnState(self.state.turn.state) if ended else TurnState.LOST, None)
        segment, here = self.state.segment, self.here
        segment.turns += 1
        here.turn = segment.turns
        turn = Turn(
            here.source,
            here.offset,
            here.length,
            segment.turns,
            maybe(turn_id, 128),
            TurnState.OPEN,
            here.at,
            trigger=maybe(trigger, 64),
            model=segment.model,
            effort=segment.effort,
            ordinal=here.ordinal,
        )
        self.facts.turns.append(turn)
        self.state.turn = turn
        self.state.answered = False
        self._stored = False

    def touch(self) -> Turn | None:
        """The open turn, to be changed: a row stored before is replaced by the new one."""
        turn = self.state.turn
        if turn is not None and self._stored:
            self.stale.append(("turns", turn.byte))
            self.facts.turns.append(turn)
            self._stored = False
        return turn

    def end(self, state: TurnState, seconds: Any, reason: str | None = None) -> None:
        turn = self.touch()
        if turn is None:
            return
        turn.state = state
        if state is not TurnState.LOST:
            turn.ended_at = turn.ended_at or self.here.at
        if isinstance(seconds, int | float):
            turn.seconds = seconds / 1000
        turn.end_reason = maybe(reason, 64)
        self._remember(turn)
        self.state.turn = None

    def completed(self, event: r.TaskComplete) -> None:
        turn = self.touch()
        if turn is None:
            return
        error = event.error
        if isinstance(error, dict):
            turn.error_code = compact(error.get("codex_error_info"), 200)
            turn.error = maybe(error.get("message"))
            self.end(TurnState.FAILED, event.duration_ms, "error")
        elif self._silent(event):
            self.end(TurnState.FAILED, event.duration_ms, "no answer")
        else:
            self.end(TurnState.COMPLETED, event.duration_ms)

    def _silent(self, event: r.TaskComplete) -> bool:
        """Before 0.145 a failure shows only as a turn that ended without a word."""
        said_last = bytes(event.last_agent_message) != b"null"
        return not (said_last or self.state.answered or self.state.compacting)

    def aborted(self, event: r.TurnAborted) -> None:
        turn = self.touch()
        if turn is not None and isinstance(event.error, dict):
            turn.error = maybe(event.error.get("message"))
        self.end(TurnState.INTERRUPTED, event.duration_ms, event.reason)

    def failed(self, event: r.ErrorEvent) -> None:
        """An error event tells why; the end of the turn tells that."""
        if turn := self.touch():
            turn.error_code = compact(event.codex_error_info, 200)
            turn.error = maybe(event.message)

    def set_model(self, model: str | None, effort: str | None) -> None:
        segment = self.state.segment
        segment.model = model or segment.model
        segment.effort = effort or segment.effort
        turn = self.state.turn
        if turn is not None and (turn.model, turn.effort) != (segment.model, segment.effort):
            self.touch()
            turn.model, turn.effort = segment.model, segment.effort

    def prompted(self) -> None:
        """A person spoke: without turn events that is what begins a turn."""
        if not self.state.explicit_turns and not self.state.segment.reviewing:
            self.begin(None, None)

    def answered(self) -> None:
        """The agent spoke: without turn events that is all that tells of an end."""
        self.state.answered = True
        self.state.compacting = False
        if not self.state.explicit_turns and (turn := self.touch()):
            turn.state, turn.ended_at = TurnState.COMPLETED, self.here.at

    def worked(self) -> None:
        """The agent did something: a turn that looked done is not."""
        turn = self.state.turn
        if turn is not None and turn.state != TurnState.OPEN:
            self.touch()
            turn.state, turn.ended_at = TurnState.OPEN, None

    def close(self) -> None:
        """Tell the thread's row how the newest turn stands."""
        if self.state.turn is not None:
            self._remember(self.state.turn)

    def _remember(self, turn: Turn) -> None:
        segment = self.state.segment
        segment.last_turn_state = turn.state
        segment.last_turn_started_at = turn.started_at
