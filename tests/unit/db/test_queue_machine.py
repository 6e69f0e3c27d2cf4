"""No sequence of runs, clock changes and user actions loses a batch or a failure."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.batch import Kind
from ingest.batches.retry_policy import Mode
from ingest.batches.state import PRUNABLE, TRANSITIONS, Move, State, target
from ingest.db import queue
from ingest.db.actions import execute_action, matched_items, preview
from ingest.db.commit_results import BatchCommit, BatchEnd, commit_results
from ingest.db.replay import replay
from ingest.errors import BatchNotClaimed, ErrorClass
from tests.soak import SOAK
from tests.unit.db.queued import NOW, add_source, fail, key, opened

SOURCES = st.integers(1, 4)
STARTS = st.sampled_from([0, 10])
MOVING = st.sampled_from([Verb.RETRY, Verb.CANCEL, Verb.SNOOZE, Verb.WAKE, Verb.RESET_ATTEMPTS])


def _unrecorded() -> dict[State, set[State]]:
    """The states that are reached from each without a row of history."""
    silent = (Move.CLAIM, Move.RELEASE, Move.WAKE)
    reached = {state: {state} for state in State}
    for _ in silent:
        for states in reached.values():
            states |= {
                target(move, state)
                for state in states
                for move in silent
                if state in TRANSITIONS[move].sources
            }
    return reached


UNRECORDED = _unrecorded()


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = opened(self.folder)
        add_source(self.database, *range(1, 5))
        self.now = NOW
        self.batches: set[str] = set()
        """The batches that were ever claimed."""
        self.clean: set[str] = set()
        """The batches that completed, and whose row was deleted."""
        self.number = 0

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def states(self) -> dict[str, State]:
        found = self.database.reader().execute("select id, state from batches").fetchall()
        return {batch: State(word) for batch, word in found}

    def histories(self) -> set[str]:
        found = self.database.reader().execute("select distinct batch from batch_moves").fetchall()
        return {batch for (batch,) in found}

    @rule(source=SOURCES, start=STARTS)
    def claim(self, source: int, start: int) -> None:
        one = key(source, start)
        before = self.states().get(one.id)
        claim = queue.Claim(one.id, one.kind, source, 0, start, start + 10)
        with self.database.transaction():
            queue.claim(self.database, [claim], self.now.isoformat())
        self.batches.add(one.id)
        self.clean.discard(one.id)
        free = before is None or before in TRANSITIONS[Move.CLAIM].sources
        assert self.states()[one.id] is (State.CLAIMED if free else before)

    @rule(pick=st.randoms(), empty=st.booleans())
    def finish(self, pick, empty: bool) -> None:  # type: ignore[no-untyped-def]
        """Also a batch that is no longer in progress: that must have no effect."""
        if not self.batches:
            return
        batch = pick.choice(sorted(self.batches))
        state = "completed_empty" if empty else "completed"
        commit = BatchCommit(ends=[BatchEnd(batch, state, None, 10, 1, 1, 0.1)])
        before, has_history = self.states(), batch in self.histories()
        try:
            commit_results(self.database, [commit], [], self.now.isoformat())
        except BatchNotClaimed:
            assert before.get(batch) is not State.CLAIMED
            assert self.states() == before
        else:
            assert before[batch] is State.CLAIMED
            assert self.states().get(batch) == (state if has_history else None)
            if not has_history:
                self.clean.add(batch)

    @rule(pick=st.randoms(), cls=st.sampled_from(ErrorClass))
    def break_down(self, pick, cls: ErrorClass) -> None:  # type: ignore[no-untyped-def]
        if not self.batches:
            return
        batch = pick.choice(sorted(self.batches))
        before = self.states()
        step = fail(self.database, batch, cls, self.now)
        assert (step is not None) == (before.get(batch) is State.CLAIMED)
        if step is None:
            assert self.states() == before

    @rule()
    def die(self) -> None:
        claimed = {batch for batch, state in self.states().items() if state is State.CLAIMED}
        assert queue.rescue(self.database, self.now) == len(claimed)
        replay(self.database, self.now)
        assert State.CLAIMED not in self.states().values()
        assert claimed <= self.histories()

    @rule()
    def shut_down(self) -> None:
        queue.release(self.database, Kind.INGEST, self.now.isoformat())
        assert State.CLAIMED not in self.states().values()

    @rule(minutes=st.integers(0, 60), mode=st.sampled_from(Mode))
    def pass_time(self, minutes: int, mode: Mode) -> None:
        self.now += timedelta(minutes=minutes)
        queue.wake_due(self.database, mode, self.now.isoformat())

    @rule(
        verb=MOVING,
        source=st.none() | SOURCES,
        states=st.none() | st.sets(st.sampled_from(State), min_size=1).map(tuple),
        only_error=st.booleans(),
        include_dead=st.booleans(),
        limit=st.none() | st.integers(1, 3),
    )
    def act(
        self,
        verb: Verb,
        source: int | None,
        states: tuple[State, ...] | None,
        only_error: bool,
        include_dead: bool,
        limit: int | None,
    ) -> None:
        if verb is Verb.RESET_ATTEMPTS and states is not None:
            states = tuple(sorted(states))
        selection = Selection(
            source=source,
            states=states,
            only_error=only_error,
            include_dead=include_dead,
            limit=limit,
        )
        self.number += 1
        wanted = BatchAction(
            id=f"action {self.number}",
            verb=verb,
            selection=selection,
            actor="ada",
            until=self.now + timedelta(minutes=5),
        )
        before = self.states()
        shown = preview(self.database, wanted)
        assert self.states() == before
        execute_action(self.database, wanted, self.now)
        assert set(matched_items(self.database, wanted.id)) == set(shown)
        moved = {one.batch for one in shown if one.why is None}
        after = self.states()
        assert {batch for batch in before if before[batch] != after[batch]} <= moved
        assert all(before[batch] is not State.CLAIMED for batch in moved)

    @invariant()
    def no_batch_is_lost_or_made_up(self) -> None:
        assert set(self.states()) == self.batches - self.clean

    @invariant()
    def only_a_claimed_batch_has_a_heartbeat(self) -> None:
        odd = self.database.reader().execute(
            "select id from batches where (state = 'claimed') <> (heartbeat_at is not null)"
        )
        assert odd.fetchall() == []

    @invariant()
    def what_ended_and_is_kept_has_a_history(self) -> None:
        states = self.states()
        ended = {batch for batch, state in states.items() if state in PRUNABLE}
        assert ended <= self.histories() <= set(states)

    @invariant()
    def attempts_are_never_more_than_were_ever_charged(self) -> None:
        odd = self.database.reader().execute(
            "select id from batches where attempts > lifetime_attempts or attempts < 0"
        )
        assert odd.fetchall() == []

    @invariant()
    def each_history_holds_every_failure_and_order_and_every_move_is_one_of_the_table(self) -> None:
        states = self.states()
        last = dict.fromkeys(states, State.PENDING)
        rows = self.database.reader().execute(
            "select batch, move, old, new from batch_moves order by rowid"
        )
        for batch, move, old, new in rows.fetchall():
            assert State(old) in UNRECORDED[last[batch]]
            if move == "reset_attempts":
                assert new == old
            else:
                assert target(Move(move), State(old)) is State(new)
            last[batch] = State(new)
        assert all(states[batch] in UNRECORDED[last[batch]] for batch in states)


Queue.TestCase.settings = settings(
    max_examples=100 if SOAK else 5,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestQueue = pytest.mark.fault("Q11", "Q02")(Queue.TestCase)
