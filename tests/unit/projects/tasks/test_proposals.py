"""The proposals in a message."""

import pytest

from ingest.projects.tasks.proposals import ITEMS, ProposedItem, proposed_items


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- [ ] Read it\n- [x] **Fix** it\n  * [X] `Run` it", ["Read it", "+Fix it", "+Run it"]),
        ("1. [ ] Read it", ["Read it"]),
        ("Nothing to do.\n[ ] not an item\n- a point", []),
        ("", []),
    ],
)
def test_check_boxes_of_a_message_are_proposals(text: str, found: list[str]) -> None:
    assert shown(proposed_items(text, plan=False)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# The plan\n\n1. Read it\n2. Fix it\n", ["Read it", "Fix it"]),
        ("# The plan\n\nWords.", ["The plan"]),
        ("# The plan\n- [ ] Read it", ["Read it"]),
        ("\n\n", []),
    ],
)
def test_a_proposed_plan_is_its_boxes_or_steps_or_title(text: str, found: list[str]) -> None:
    assert shown(proposed_items(text, plan=True)) == found


def test_the_number_of_proposals_of_a_message_is_limited() -> None:
    assert len(proposed_items("- [ ] again\n" * 5000, plan=False)) == ITEMS


def shown(found: list[ProposedItem]) -> list[str]:
    return [f"+{one.text}" if one.done else one.text for one in found]
