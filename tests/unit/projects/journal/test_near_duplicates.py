"""Statements with nearly the same words are listed once."""

import pytest

from ingest.projects.journal.near_duplicates import merge_near_duplicates, near_duplicates

LONG = (
    "Rewrite the reader so that it takes whole lines only and keeps the unfinished rest for later"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Run the test suite", "run the test suite."),
        ("Run all the tests", "Run tests"),
        ("Write  the\nchangelog", "Write the changelog"),
        (LONG, LONG.replace("unfinished", "unfinshed")),
        ("…", "…"),
    ],
)
def test_texts_with_the_same_meaning_are_near_duplicates(one: str, other: str) -> None:
    assert near_duplicates(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fix the parser", "Fix the lexer"),
        ("Update docs/a.md", "Update docs/b.md"),
        ("Close issue 12", "Close issue 13"),
        ("Add a test for the reader", "Add a test for the header"),
        (LONG, LONG + ", in version 2"),
        (LONG + " of src/a.py", LONG + " of src/b.py"),
        ("", "Fix"),
    ],
)
def test_texts_with_an_important_difference_are_not_near_duplicates(one: str, other: str) -> None:
    assert not near_duplicates(one, other)


def test_the_first_near_duplicate_is_kept_and_counts_the_others() -> None:
    found = [("Run tests", 1), ("Write", 2), ("run the tests", 3)]
    result = merge_near_duplicates(
        found, lambda one: one[0], lambda kept, one: (kept[0], kept[1] + one[1])
    )
    assert result == [("Run tests", 4), ("Write", 2)]
