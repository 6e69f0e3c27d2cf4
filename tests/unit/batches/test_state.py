"""The table of moves, and the states that depend on the clock."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from ingest.batches.state import (
    OPERATOR_MOVES,
    PRUNABLE,
    STUCK_AFTER,
    IllegalMove,
    Move,
    State,
    is_backed_off,
    is_stuck,
    possible_moves,
    target,
)

NOW = datetime(2026, 11, 21, 12, 0)
SECOND = timedelta(seconds=1)

# Written by hand, not computed from the table under test:
# a row is a state, a column a move; a cell is the next state, "-" means refused.
PICTURE = """
                claim   complete  complete_empty  fail   bury cancel    snooze  wake    retry   rescue  release supersede
pending         claimed -         -               -      -    cancelled snoozed -       -       -       -       superseded
claimed         -       completed completed_empty failed dead -         -       -       -       pending pending superseded
completed       claimed -         -               -      -    -         -       -       pending -       -       superseded
completed_empty claimed -         -               -      -    -         -       -       pending -       -       superseded
failed          -       -         -               -      -    cancelled snoozed pending pending -       -       superseded
dead            -       -         -               -      -    -         -       -       pending -       -       superseded
cancelled       -       -         -               -      -    -         -       -       pending -       -       superseded
snoozed         -       -         -               -      -    cancelled snoozed pending pending -       -       superseded
superseded      claimed -         -               -      -    -         -       -       -       -       -       -
"""  # noqa: E501 - a table is read in one piece


def picture() -> dict[tuple[Move, State], State | None]:
    head, *rows = (line.split() for line in PICTURE.strip().splitlines())
    return {
        (Move(move), State(row[0])): None if cell == "-" else State(cell)
        for row in rows
        for move, cell in zip(head, row[1:], strict=True)
    }


def test_the_expected_table_has_every_state_and_every_move() -> None:
    assert set(picture()) == set(product(Move, State))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_move_leads_to_the_expected_state_or_is_refused(move: Move, state: State) -> None:
    expected = picture()[move, state]
    assert (move in possible_moves(state)) == (expected is not None)
    if expected is None:
        with pytest.raises(IllegalMove):
            target(move, state)
    else:
        assert target(move, state) is expected


def test_every_state_can_be_reached_from_pending() -> None:
    reached, new = {State.PENDING}, {State.PENDING}
    while new:
        new = {target(move, state) for state in new for move in possible_moves(state)} - reached
        reached |= new
    assert reached == set(State)


def test_a_refusal_says_what_is_wrong_and_what_can_be_done() -> None:
    refusal = IllegalMove(Move.CANCEL, State.COMPLETED_EMPTY)
    assert refusal.code == "illegal_move"
    assert str(refusal) == "Cannot cancel a batch that is completed empty."
    assert refusal.hint == "Possible actions: retry."


def test_a_refusal_for_a_failed_batch_names_only_actions_of_users() -> None:
    assert IllegalMove(Move.CLAIM, State.FAILED).hint == (
        "Possible actions: cancel, retry, snooze, wake."
    )


def test_a_refusal_for_a_running_batch_says_to_wait() -> None:
    assert IllegalMove(Move.RETRY, State.CLAIMED).hint == ("It is in progress; wait until it ends.")


def test_a_refusal_for_a_superseded_batch_says_that_nothing_can_be_done() -> None:
    assert IllegalMove(Move.RETRY, State.SUPERSEDED).hint == "No action is possible."


def test_a_user_cannot_change_a_claimed_batch() -> None:
    assert possible_moves(State.CLAIMED) & OPERATOR_MOVES == set()


def test_prune_never_deletes_a_batch_that_waits() -> None:
    kept = {State.PENDING, State.CLAIMED, State.FAILED, State.SNOOZED, State.DEAD, State.CANCELLED}
    assert frozenset(State) - kept == PRUNABLE


def test_a_claimed_batch_is_stuck_once_its_heartbeat_is_too_old() -> None:
    in_time, too_late = NOW - STUCK_AFTER + SECOND, NOW - STUCK_AFTER
    assert not is_stuck(State.CLAIMED, in_time, owner_alive=True, now=NOW)
    assert is_stuck(State.CLAIMED, too_late, owner_alive=True, now=NOW)


def test_a_claimed_batch_of_a_dead_owner_is_stuck_at_once() -> None:
    assert is_stuck(State.CLAIMED, NOW, owner_alive=False, now=NOW)


def test_a_claimed_batch_without_a_heartbeat_is_stuck() -> None:
    assert is_stuck(State.CLAIMED, None, owner_alive=True, now=NOW)


def test_a_batch_with_a_heartbeat_from_the_future_is_not_stuck() -> None:
    assert not is_stuck(State.CLAIMED, NOW + timedelta(hours=1), owner_alive=True, now=NOW)


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLAIMED])
def test_only_a_claimed_batch_can_be_stuck(state: State) -> None:
    assert not is_stuck(state, NOW - timedelta(days=1), owner_alive=False, now=NOW)


def test_a_failed_batch_is_backed_off_until_its_time_has_come() -> None:
    assert is_backed_off(State.FAILED, NOW + SECOND, now=NOW)
    assert not is_backed_off(State.FAILED, NOW, now=NOW)
    assert not is_backed_off(State.FAILED, None, now=NOW)


@pytest.mark.parametrize("state", [state for state in State if state is not State.FAILED])
def test_only_a_failed_batch_can_be_backed_off(state: State) -> None:
    assert not is_backed_off(state, NOW + SECOND, now=NOW)
