"""Proposals for work whose branch has changed, and when they are repeated."""

import pytest

from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.projects.reconcile import Choice, ReconcileResult, list_proposals
from tests.build.session import MORNING, session

OPEN = session("s", branch="work", commit="c" * 40, plan_total=3, plan_done=1)


def aligned(state: AlignmentState, **fields: object) -> Alignment:
    return Alignment(state=state, why="Because.", branch="main", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alignment", "choice", "to"),
    [
        (aligned(AlignmentState.REWRITTEN), Choice.REVIEW, None),
        (aligned(AlignmentState.NO_REPO), Choice.REVIEW, None),
        (aligned(AlignmentState.OTHER_BRANCH), Choice.KEEP, None),
        (aligned(AlignmentState.OTHER_BRANCH, held=True), Choice.KEEP, None),
        (aligned(AlignmentState.OTHER_BRANCH, held=True, branch_gone=True), Choice.MOVE, "main"),
        (aligned(AlignmentState.OTHER_BRANCH, branch_gone=True, holders=("x",)), Choice.MOVE, "x"),
        (aligned(AlignmentState.DETACHED), Choice.KEEP, None),
        (aligned(AlignmentState.BEHIND, commits=2), Choice.KEEP, None),
    ],
)
def test_each_alignment_has_its_proposal(
    alignment: Alignment, choice: Choice, to: str | None
) -> None:
    (found,) = list_proposals([OPEN], {"s": alignment}, {})
    assert (found.choice, found.to, found.open_steps) == (choice, to, 2)
    assert found.because.endswith(".")


@pytest.mark.parametrize(
    "state", [AlignmentState.ALIGNED, AlignmentState.AHEAD, AlignmentState.UNKNOWN]
)
def test_an_aligned_session_gets_no_proposal(state: AlignmentState) -> None:
    assert list_proposals([OPEN], {"s": aligned(state)}, {}) == []


def test_a_session_without_open_work_gets_no_proposal() -> None:
    done = session("s", plan_total=3, plan_done=3)
    assert list_proposals([done], {"s": aligned(AlignmentState.REWRITTEN)}, {}) == []


def test_an_answered_proposal_is_repeated_only_after_a_change() -> None:
    answer = ReconcileResult(
        "s", Choice.REVIEW, None, AlignmentState.REWRITTEN, "c" * 40, "dev", MORNING, None
    )
    found = {"s": answer}
    assert list_proposals([OPEN], {"s": aligned(AlignmentState.REWRITTEN)}, found) == []
    assert len(list_proposals([OPEN], {"s": aligned(AlignmentState.NO_REPO)}, found)) == 1
    gone = aligned(AlignmentState.OTHER_BRANCH, held=True, branch_gone=True)
    to_main = ReconcileResult("s", Choice.MOVE, "main", gone.state, "c" * 40, "dev", MORNING, None)
    assert list_proposals([OPEN], {"s": gone}, {"s": to_main}) == []
