"""Actions on batches: applied exactly as previewed, once, with a history, or not at all."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from ingest.actions import BatchAction
from ingest.batches.action import MOVES, Selection, Verb, refusal
from ingest.batches.batch import Kind
from ingest.batches.failure import READER_DIED
from ingest.batches.retry_policy import MAX_ATTEMPTS, GiveUp, Mode
from ingest.batches.state import State
from ingest.db import queue
from ingest.db.actions import execute_action, matched_items, preview
from ingest.db.database import Database
from ingest.db.edit_log import EditLog
from tests.unit.db.queued import (
    HOUR,
    NOW,
    act,
    add,
    add_source,
    claim_batch,
    fail,
    key,
    moves_of,
    opened,
    row,
    state,
)

# Written by hand: the state of an ingest batch after each verb; "-" is left unchanged.
PICTURE = """
                retry   cancel    snooze  wake
pending         -       cancelled snoozed -
claimed         -       -         -       -
completed       -       -         -       -
completed_empty -       -         -       -
failed          pending cancelled snoozed pending
dead            pending -         -       -
cancelled       pending -         -       -
snoozed         pending cancelled snoozed pending
superseded      -       -         -       -
"""
HEAD, *ROWS = (line.split() for line in PICTURE.strip().splitlines())
CELLS = [
    (State(cells[0]), Verb(verb), None if cell == "-" else State(cell))
    for cells in ROWS
    for verb, cell in zip(HEAD, cells[1:], strict=True)
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as one:
        add_source(one, *range(1, 10))
        yield one


def test_the_expected_table_has_every_state_and_every_verb() -> None:
    assert {(state, verb) for state, verb, _ in CELLS} == set(product(State, MOVES))


@pytest.mark.fault("Q16")
@pytest.mark.parametrize(("before", "verb", "after"), CELLS)
def test_an_action_leads_to_the_expected_state_or_is_refused_with_a_reason(
    database: Database, before: State, verb: Verb, after: State | None
) -> None:
    batch = add(database, 1, before)
    result = len(moves_of(database, batch))
    outcome = act(database, verb, batch, until=NOW + 2 * HOUR)
    assert state(database, batch) is (after or before)
    assert (outcome.matched, outcome.done) == (1, int(after is not None))
    assert len(moves_of(database, batch)) == result + outcome.done
    if after is None:
        (why,) = outcome.skipped
        assert why.endswith(".")
        assert [one.why for one in matched_items(database, outcome.command)] == [why]


def test_a_finished_batch_of_another_kind_can_be_done_again() -> None:
    assert refusal(Verb.RETRY, State.COMPLETED, Kind.JOURNAL) is None
    assert refusal(Verb.RETRY, State.COMPLETED, Kind.INGEST) is not None


@pytest.mark.fault("Q03")
def test_retrying_twice_is_one_attempt(database: Database) -> None:
    batch = add(database, 1, State.FAILED)
    first, second = act(database, Verb.RETRY, batch), act(database, Verb.RETRY, batch)
    assert (first.done, second.done) == (1, 0)
    assert list(second.skipped) == ["Already queued."]
    assert moves_of(database, batch).count("retry") == 1


@pytest.mark.fault("Q04")
def test_retry_all_changes_exactly_the_previewed_batches_and_no_running_ones(
    database: Database,
) -> None:
    for source, one in enumerate(State, 1):
        add(database, source, one)
    running = add(database, 2, State.CLAIMED, start=50)
    wanted = BatchAction(verb=Verb.RETRY, selection=Selection(include_dead=True), actor="ada")
    shown = preview(database, wanted)
    assert preview(database, wanted) == shown
    outcome = execute_action(database, wanted, NOW)
    assert sorted(matched_items(database, wanted.id), key=lambda one: one.batch) == sorted(
        shown, key=lambda one: one.batch
    )
    assert {one.old for one in shown if one.why is None} == {"failed", "dead", "cancelled"}
    assert {one.batch for one in shown if one.why is not None} >= {running}
    assert (outcome.matched, outcome.done) == (len(shown), 3)
    assert state(database, running) is State.CLAIMED


@pytest.mark.fault("Q04")
def test_each_part_of_a_filter_narrows_the_selection(database: Database) -> None:
    failed, dead = add(database, 1, State.FAILED), add(database, 2, State.DEAD)
    cancelled = add(database, 3, State.CANCELLED)
    journal = add(database, 4, State.FAILED, kind=Kind.JOURNAL)

    def shown(**fields: object) -> set[str]:
        selection = Selection(**fields)  # type: ignore[arg-type]
        wanted = BatchAction(verb=Verb.RETRY, selection=selection, actor="ada")
        return {one.batch for one in preview(database, wanted)}

    assert shown() == {failed, cancelled, journal}
    assert shown(only_error=True) == {failed, journal}
    assert shown(only_error=True, include_dead=True) == {failed, dead, journal}
    assert shown(session="thread-1") == {failed}
    assert shown(source=3) == {cancelled}
    assert shown(kind=Kind.JOURNAL) == {journal}
    assert shown(states=(State.DEAD,)) == {dead}
    assert shown(error="io_error") == {failed, journal}
    assert shown(older_than=NOW - 2 * HOUR) == set()
    assert shown(ids=(dead, "no such batch")) == {dead}
    assert len(shown(limit=2)) == 2


@pytest.mark.fault("Q05")
def test_retrying_an_exhausted_batch_is_one_more_attempt_and_keeps_its_history(
    database: Database,
) -> None:
    one = key(1)
    for _ in range(MAX_ATTEMPTS):
        claim_batch(database, one, 1)
        step = fail(database, one.id)
        queue.wake_due(database, Mode.AUTOMATIC, (NOW + HOUR).isoformat())
    assert isinstance(step, GiveUp)
    before = moves_of(database, one.id)
    act(database, Verb.RETRY, one.id)
    assert row(database, one.id)["attempts"] == MAX_ATTEMPTS - 1
    assert row(database, one.id)["lifetime_attempts"] == MAX_ATTEMPTS
    claim_batch(database, one, 1)
    assert isinstance(fail(database, one.id), GiveUp)
    assert moves_of(database, one.id) == [*before, "retry", "bury"]
    result = database.reader().execute("select verb, actor, reason, done from commands").fetchall()
    assert result == [("retry", "ada", "because", 1)]


@pytest.mark.fault("Q10")
@pytest.mark.parametrize("step", ["commands.move", "commands.tell_moves", "commands.set_mark"])
def test_a_bulk_action_that_fails_in_the_middle_changes_nothing_and_can_be_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    batches = [add(database, source, State.FAILED) for source in range(1, 6)]
    before = {batch: (row(database, batch), moves_of(database, batch)) for batch in batches}
    run = Database.run

    def broken(self: Database, name: str, **values: object) -> int:
        if name == step:
            raise OSError("the machine is in the way")
        return run(self, name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run", broken)
        with pytest.raises(OSError, match="in the way"):
            act(database, Verb.RETRY, only_error=True)
    assert {batch: (row(database, batch), moves_of(database, batch)) for batch in batches} == before
    outcome = act(database, Verb.RETRY, only_error=True)
    assert (outcome.done, outcome.skipped) == (5, {})
    assert act(database, Verb.RETRY, only_error=True).matched == 0


def test_an_action_is_in_the_edit_log_before_it_is_in_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = add(database, 1, State.FAILED)

    def refuse(self: EditLog, edit: object) -> int:
        raise OSError("no room")

    monkeypatch.setattr(EditLog, "append", refuse)
    with pytest.raises(OSError, match="no room"):
        act(database, Verb.CANCEL, batch)
    assert state(database, batch) is State.FAILED


@pytest.mark.fault("Q01", "Q05")
def test_a_batch_that_killed_readers_is_dead_for_a_day_or_until_a_retry(
    database: Database,
) -> None:
    one = key(1)

    def dies(at: datetime) -> None:
        claim_batch(database, one, 1)
        queue.record_failures(database, {one.id: READER_DIED}, at, "auto")

    for death in range(3):
        dies(NOW + death * HOUR)
    dead = row(database, one.id)
    assert (dead["state"], dead["reason"], dead["attempts"]) == ("dead", "poison", 0)
    queue.wake_due(database, Mode.MANUAL, (NOW + 1000 * HOUR).isoformat())
    queue.wake_due(database, Mode.AUTOMATIC, (NOW + 25 * HOUR).isoformat())
    assert state(database, one.id) is State.DEAD
    queue.wake_due(database, Mode.AUTOMATIC, (NOW + 26 * HOUR).isoformat())
    assert state(database, one.id) is State.PENDING
    dies(NOW + 26 * HOUR)
    assert state(database, one.id) is State.DEAD
    act(database, Verb.RETRY, one.id, now=NOW + 27 * HOUR)
    dies(NOW + 28 * HOUR)
    assert state(database, one.id) is State.PENDING
    assert moves_of(database, one.id) == [
        *("rescue", "rescue"),
        *("bury", "retry", "bury", "retry"),
        "rescue",
    ]


def test_a_snoozed_batch_is_pending_again_after_its_time(database: Database) -> None:
    batch = add(database, 1, State.PENDING)
    act(database, Verb.SNOOZE, batch, until=NOW + HOUR)
    queue.wake_due(database, Mode.AUTOMATIC, (NOW + timedelta(minutes=59)).isoformat())
    assert state(database, batch) is State.SNOOZED
    queue.wake_due(database, Mode.AUTOMATIC, (NOW + HOUR).isoformat())
    assert state(database, batch) is State.PENDING
    assert moves_of(database, batch) == ["snooze"]


def test_a_snooze_charges_no_attempt(database: Database) -> None:
    batch = add(database, 1, State.FAILED)
    attempts = row(database, batch)["attempts"]
    act(database, Verb.SNOOZE, batch, until=NOW + HOUR)
    act(database, Verb.WAKE, batch)
    assert row(database, batch)["attempts"] == attempts == 1


def test_resetting_attempts_clears_the_charged_but_not_the_total_attempts(
    database: Database,
) -> None:
    batch = add(database, 1, State.FAILED)
    outcome = act(database, Verb.RESET_ATTEMPTS)
    assert outcome.done == 1
    now = row(database, batch)
    assert (now["attempts"], now["lifetime_attempts"], now["state"]) == (0, 1, "failed")
    assert moves_of(database, batch)[-1] == "reset_attempts"


def test_a_manual_queue_does_not_retry_failed_batches(database: Database) -> None:
    batch = add(database, 1, State.FAILED)
    later = (NOW + 24 * HOUR).isoformat()
    queue.wake_due(database, Mode.MANUAL, later)
    assert state(database, batch) is State.FAILED
    queue.wake_due(database, Mode.AUTOMATIC, later)
    assert state(database, batch) is State.PENDING


def test_pausing_twice_is_one_pause_and_only_the_user_ends_it(database: Database) -> None:
    for _ in range(2):
        execute_action(
            database,
            BatchAction(verb=Verb.PAUSE, actor="ada", reason="moving the disk"),
            NOW,
        )
    queue.resume(database)
    (pause,) = database.rows("queue.pauses")
    assert pause["message"] == "Paused by ada: moving the disk."
    execute_action(database, BatchAction(verb=Verb.RESUME, actor="ada"), NOW)
    assert database.rows("queue.pauses") == []
    verbs = database.reader().execute("select verb from commands order by rowid").fetchall()
    assert verbs == [("pause",), ("pause",), ("resume",)]


@pytest.mark.fault("Q13")
@pytest.mark.parametrize("text", ["\x1b]52;c;eA==\x07", "'; drop table batches; --", "x" * 10**6])
def test_a_hostile_reason_or_filter_is_only_text(database: Database, text: str) -> None:
    batch = add(database, 1, State.FAILED)
    wanted = BatchAction(
        verb=Verb.CANCEL,
        selection=Selection(session=text, error=text, ids=(text,)),
        actor=text,
        reason=text,
    )
    assert execute_action(database, wanted, NOW).matched == 0
    assert state(database, batch) is State.FAILED
    (result,) = database.reader().execute("select reason, actor from commands").fetchall()
    assert result == (text, text)
