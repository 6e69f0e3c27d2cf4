"""What is proposed for work whose branch moved on, and when it is proposed no more."""

import pytest

from ingest.memory.git.alignment import Alignment, Standing
from ingest.memory.reconcile import Choice, Settled, proposals
from tests.build.session import MORNING, session

OPEN = session("s", branch="work", commit="c" * 40, plan_total=3, plan_done=1)


def stands(state: Standing, **said: object) -> Alignment:
    return Alignment(state=state, why="Because.", branch="main", **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alignment", "choice", "to"),
    [
        (stands(Standing.REWRITTEN), Choice.REVIEW, None),
        (stands(Standing.NO_REPO), Choice.REVIEW, None),
        (stands(Standing.OTHER_BRANCH), Choice.KEEP, None),
        (stands(Standing.OTHER_BRANCH, held=True), Choice.KEEP, None),
        (stands(Standing.OTHER_BRANCH, held=True, branch_gone=True), Choice.MOVE, "main"),
        (stands(Standing.OTHER_BRANCH, branch_gone=True, holders=("x",)), Choice.MOVE, "x"),
        (stands(Standing.DETACHED), Choice.KEEP, None),
        (stands(Standing.BEHIND, commits=2), Choice.KEEP, None),
    ],
)
def test_each_way_of_standing_has_its_proposal(
    alignment: Alignment, choice: Choice, to: str | None
) -> None:
    (found,) = proposals([OPEN], {"s": alignment}, {})
    assert (found.choice, found.to, found.open_steps) == (choice, to, 2)
    assert found.because.endswith(".")


@pytest.mark.parametrize("state", [Standing.ALIGNED, Standing.AHEAD, Standing.UNKNOWN])
def test_where_nothing_is_amiss_nothing_is_proposed(state: Standing) -> None:
    assert proposals([OPEN], {"s": stands(state)}, {}) == []


def test_a_session_with_nothing_left_to_do_is_left_alone() -> None:
    done = session("s", plan_total=3, plan_done=3)
    assert proposals([done], {"s": stands(Standing.REWRITTEN)}, {}) == []


def test_what_was_answered_is_asked_again_only_when_things_changed() -> None:
    answer = Settled("s", Choice.REVIEW, None, Standing.REWRITTEN, "c" * 40, "dev", MORNING, None)
    found = {"s": answer}
    assert proposals([OPEN], {"s": stands(Standing.REWRITTEN)}, found) == []
    assert len(proposals([OPEN], {"s": stands(Standing.NO_REPO)}, found)) == 1
    gone = stands(Standing.OTHER_BRANCH, held=True, branch_gone=True)
    to_main = Settled("s", Choice.MOVE, "main", gone.state, "c" * 40, "dev", MORNING, None)
    assert proposals([OPEN], {"s": gone}, {"s": to_main}) == []
