"""Statements with nearly the same words are listed once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.journal.near_duplicates import merge_near_duplicates

LONG = (
    "Rewrite the reader so that it takes whole lines only and keeps the unfinished rest for later"
)


def near_duplicates(one: str, other: str) -> bool:
    return len(merge_near_duplicates([one, other], str)) == 1


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


@given(
    st.lists(
        st.sampled_from(
            [
                "Run tests",
                "run the tests",
                "Fix a.py",
                "",
                LONG,
                LONG.replace("unfinished", "unfin"),
            ]
            + [LONG.replace("reader", word) for word in ("raeder", "raedrr", "a.py", "the reader")]
            + [LONG[at:] for at in (1, 4, 9)]
        )
    )
)
def test_each_text_is_merged_into_the_first_that_is_nearly_the_same(texts: list[str]) -> None:
    kept: list[list[str]] = []
    for text in texts:
        first = next((one for one in kept if near_duplicates(one[0], text)), None)
        if first is None:
            kept.append([text])
        else:
            first.append(text)
    merged = merge_near_duplicates(
        [[text] for text in texts], lambda one: one[0], lambda one, other: one + other
    )
    assert merged == kept
