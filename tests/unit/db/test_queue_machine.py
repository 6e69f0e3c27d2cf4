"""Whatever workers, clocks and people do to a queue: its books stay true."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingest.batches.action import Action, Selection, Verb
from ingest.batches.retry_policy import Mode
from ingest.batches.state import TRANSITIONS, Move, State
from ingest.db import queue
from ingest.db.actions import execute_action, matched_items, preview
from ingest.db.commit_results import BatchCommit, BatchEnd, commit_results
from ingest.db.replay import replay
from ingest.errors import ErrorClass, LostLease
from tests.unit.db.queued import NOW, add_source, fail, key, opened

SOURCES = st.integers(1, 4)
STARTS = st.sampled_from([0, 10])
MOVING = st.sampled_from([Verb.RETRY, Verb.CANCEL, Verb.SNOOZE, Verb.WAKE, Verb.RESET_ATTEMPTS])


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = opened(self.folder)
        for source in range(1, 5):
            add_source(self.database, source)
        self.now = NOW
        self.batches: set[str] = set()
        self.leases: list[tuple[str, str]] = []
        self.holders: dict[str, str] = {}
        self.owner = "owner 0"
        self.number = 0

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def states(self) -> dict[str, State]:
        found = self.database.reader().execute("select id, state from batches").fetchall()
        return {batch: State(word) for batch, word in found}

    @rule(source=SOURCES, start=STARTS)
    def claim(self, source: int, start: int) -> None:
        one, lease = key(source, start), f"lease {len(self.leases)}"
        before = self.states().get(one.id)
        claim = queue.Claim(one.id, lease, one.kind, source, 0, start, start + 10)
        with self.database.transaction():
            queue.claim(self.database, [claim], self.owner, self.now.isoformat())
        self.batches.add(one.id)
        self.leases.append((one.id, lease))
        free = before is None or before in TRANSITIONS[Move.CLAIM].sources
        if free:
            self.holders[one.id] = lease
        row = self.database.first_row("queue.batch", id=one.id)
        assert row is not None
        assert (row["lease"] == lease) == free

    @rule(pick=st.randoms(), empty=st.booleans())
    def finish(self, pick, empty: bool) -> None:  # type: ignore[no-untyped-def]
        """Also with a lease that was lost long ago: that must not count."""
        if not self.leases:
            return
        batch, lease = pick.choice(self.leases)
        state = "completed_empty" if empty else "completed"
        landing = BatchCommit(ends=[BatchEnd(batch, lease, state, None, 10, 1, 1, 0.1)])
        before = self.states()
        holds = before[batch] is State.CLAIMED and self.holders.get(batch) == lease
        try:
            commit_results(self.database, [landing], [], self.owner, self.now.isoformat())
        except LostLease:
            assert not holds
            assert self.states() == before
        else:
            assert holds

    @rule(pick=st.randoms(), cls=st.sampled_from(ErrorClass))
    def break_down(self, pick, cls: ErrorClass) -> None:  # type: ignore[no-untyped-def]
        if not self.leases:
            return
        batch, lease = pick.choice(self.leases)
        before = self.states()
        holds = before[batch] is State.CLAIMED and self.holders.get(batch) == lease
        step = fail(self.database, batch, lease, cls, self.now)
        assert (step is not None) == holds
        if not holds:
            assert self.states() == before

    @rule()
    def die(self) -> None:
        self.number += 1
        self.owner = f"owner {self.number}"
        queue.rescue(self.database, self.owner, self.now)
        replay(self.database, self.now)
        assert State.CLAIMED not in self.states().values()

    @rule()
    def shut_down(self) -> None:
        queue.release(self.database, self.owner, self.now.isoformat())
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
    def order(
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
        wanted = Action(
            verb=verb, selection=selection, actor="ada", until=self.now + timedelta(minutes=5)
        )
        before = self.states()
        shown = preview(self.database, wanted)
        assert self.states() == before
        self.number += 1
        command = f"command {self.number}"
        execute_action(self.database, wanted, command=command, now=self.now)
        assert set(matched_items(self.database, command)) == set(shown)
        moved = {one.batch for one in shown if one.why is None}
        after = self.states()
        assert {batch for batch in before if before[batch] != after[batch]} <= moved
        assert all(before[batch] is not State.CLAIMED for batch in moved)

    @invariant()
    def no_batch_is_lost_or_made_up(self) -> None:
        assert set(self.states()) == self.batches

    @invariant()
    def a_claimed_batch_has_a_lease_and_no_other_has(self) -> None:
        odd = self.database.reader().execute(
            "select id from batches where (state = 'claimed') <> (lease is not null)"
        )
        assert odd.fetchall() == []

    @invariant()
    def attempts_are_never_more_than_were_ever_charged(self) -> None:
        odd = self.database.reader().execute(
            "select id from batches where attempts > lifetime_attempts or attempts < 0"
        )
        assert odd.fetchall() == []

    @invariant()
    def each_history_is_whole_and_every_move_one_of_the_table(self) -> None:
        states = self.states()
        stands: dict[str, State | None] = dict.fromkeys(states)
        told = self.database.reader().execute(
            "select batch, move, old, new from batch_moves order by rowid"
        )
        for batch, word, old, new in told.fetchall():
            assert old == stands[batch]
            if word == "reset_attempts":
                assert new == old
            elif old is not None:
                sources, target = TRANSITIONS[Move(word)]
                assert State(old) in sources
                assert State(new) is target
            stands[batch] = State(new)
        assert stands == states


Queue.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestQueue = pytest.mark.fault("Q11", "Q02")(Queue.TestCase)
