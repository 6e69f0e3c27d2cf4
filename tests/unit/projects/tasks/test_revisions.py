"""The changes of each revision of a plan."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.tasks.revisions import RevisionStep, StepChange, diff_revisions
from tests.unit.projects.tasks.plans import logged_plans, texts


def marks(entries: list[RevisionStep]) -> list[tuple[str, list[str]]]:
    return [(entry.text, [str(change) for change in entry.changes]) for entry in entries]


def test_every_change_is_listed() -> None:
    first, second = diff_revisions(
        "t",
        logged_plans(
            texts("Read the test", "Fix the parser", "Run the suite", "Deploy"),
            [
                ("Run the suite", "pending"),
                ("Read the test", "completed"),
                ("Fix the unicode parser", "pending"),
                ("Ask Grace", "pending"),
            ],
        ),
    )
    assert {mark for _, found in marks(first.steps) for mark in found} == {"added"}
    assert marks(second.steps) == [
        ("Run the suite", ["moved"]),
        ("Read the test", ["status"]),
        ("Fix the unicode parser", ["reworded"]),
        ("Ask Grace", ["added"]),
    ]
    assert marks(second.removed) == [("Deploy", ["removed"])]
    assert second.steps[2].text_before == "Fix the parser"
    assert second.steps[1].status_before == "pending"


def test_a_revision_without_changes_is_marked() -> None:
    _, second = diff_revisions("t", logged_plans(texts("Read"), texts("Read")))
    assert marks(second.steps) == [("Read", [])]


@given(st.permutations("abcdefg"))
def test_unmoved_steps_keep_their_order(order: list[str]) -> None:
    _, second = diff_revisions("t", logged_plans(texts(*"abcdefg"), texts(*order)))
    stayed = [entry.text for entry in second.steps if StepChange.MOVED not in entry.changes]
    assert stayed == sorted(stayed)
    assert stayed
