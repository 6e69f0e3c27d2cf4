"""The identity of steps over the revisions of a plan."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.tasks.identity import StepMatcher
from ingest.projects.tasks.plan import plan_steps
from tests.unit.projects.tasks.plans import Steps, logged_plans, planned, texts

WORDS = ("Read the failing test", "Fix the parser", "Run the test suite", "Write the changelog",
         "Ask Grace", "Deploy")  # fmt: skip
STATUS = st.sampled_from(["pending", "in_progress", "completed"])
STEP = st.tuples(st.sampled_from([*WORDS, "Fix the parser now", "Fix", "", "…"]), STATUS)
PLANS = st.lists(st.lists(STEP, max_size=6), max_size=6)


def identities(*revisions: Steps) -> list[list[int]]:
    follower = StepMatcher()
    return [[one.who for one in follower.match(planned(steps))] for steps in revisions]


def test_a_reworded_step_is_the_same_step() -> None:
    before = texts("Read it", "Fix the parser", "Run tests")
    after = texts("Read it", "Fix the unicode parser", "Run tests")
    assert identities(before, after) == [[0, 1, 2], [0, 1, 2]]


def test_a_step_between_the_same_neighbours_is_the_same_with_any_wording() -> None:
    before = texts("Read it", "Fix the parser", "Run tests")
    assert identities(before, texts("Read it", "Mend what broke", "Run tests"))[1] == [0, 1, 2]
    assert identities(before, texts("Mend what broke", "Fix the parser", "Run tests"))[1] == [
        0,
        1,
        2,
    ]


def test_a_completed_step_does_not_become_another_step() -> None:
    before = [("Read it", "completed"), ("Fix the parser", "in_progress")]
    after = [("Ask Grace", "pending"), ("Fix the parser", "in_progress")]
    assert identities(before, after) == [[0, 1], [2, 1]]


def test_a_plan_without_any_old_step_is_another_plan() -> None:
    assert identities(texts("Read it", "Fix it"), texts("Deploy", "Ask Grace")) == [[0, 1], [2, 3]]


def test_a_step_that_was_dropped_and_comes_back_is_the_same_step() -> None:
    assert identities(texts("A b", "C d"), texts("C d"), texts("C d", "a  B!")) == [
        [0, 1],
        [1],
        [1, 0],
    ]


def test_steps_of_the_same_text_are_two_steps_and_stay_two() -> None:
    before = texts("Run tests", "Fix", "Run tests")
    assert identities(before, texts("Fix", "Run tests", "Run tests")) == [[0, 1, 2], [1, 0, 2]]
    assert identities(before, texts("Fix", "Run tests")) == [[0, 1, 2], [1, 0]]


def test_the_more_alike_of_two_is_the_same_step() -> None:
    before = texts("Write the parser tests", "Write the lexer tests")
    after = texts("Write the lexer tests now", "Write the parser tests now", "Ask Grace")
    assert identities(before, after)[1] == [1, 0, 2]


@given(st.permutations(WORDS), st.permutations(WORDS))
def test_every_step_keeps_its_identity_in_any_order(one: list[str], other: list[str]) -> None:
    first, second = identities(texts(*one), texts(*other))
    assert {one[place]: name for place, name in enumerate(first)} == {
        other[place]: name for place, name in enumerate(second)
    }


@given(st.permutations(WORDS), st.integers(0, len(WORDS) - 1), st.sampled_from([" now", "!", "s"]))
def test_a_step_keeps_its_identity_when_it_is_reworded(
    words: list[str], place: int, more: str
) -> None:
    after = [word + more if at == place else word for at, word in enumerate(words)]
    first, second = identities(texts(*words), texts(*after))
    assert first == second


@given(PLANS)
def test_every_step_of_a_revision_has_an_identity_of_its_own(plans: list[Steps]) -> None:
    for found in identities(*plans):
        assert len(set(found)) == len(found)


@given(PLANS, st.integers(0, 6))
def test_names_do_not_change_with_later_revisions(plans: list[Steps], cut: int) -> None:
    early = {step.id for step in plan_steps("t", logged_plans(*plans[:cut]))}
    assert early <= {step.id for step in plan_steps("t", logged_plans(*plans))}


@given(PLANS)
def test_steps_are_named_once(plans: list[Steps]) -> None:
    steps = plan_steps("t", logged_plans(*plans))
    assert len({step.id for step in steps}) == len(steps)
    assert [step.text for step in steps if step.current] == [
        text for text, _ in (plans[-1] if plans else [])
    ]
