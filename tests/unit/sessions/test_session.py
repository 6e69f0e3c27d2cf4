"""The title of a session, and the shortest unique id."""

import pytest

from ingest.sessions.session import TITLE_CHARS, branch_label, short_length, title_of
from tests.build.session import session


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (None, None),
        ("  \n ", None),
        ("\n\n  Fix it \nand more", "Fix it"),
        ("x" * 500, "x" * TITLE_CHARS),
    ],
)
def test_a_title_is_the_first_meaningful_line(text: str | None, title: str | None) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize(
    ("ids", "length"),
    [
        ([], 8),
        (["0123456789"], 8),
        (["0123456789", "0123456789"], 8),
        (["0123456789ab", "0123456789xy"], 11),
        (["abc", "xyz"], 8),
    ],
)
def test_ids_are_shortened_to_unique_prefixes(ids: list[str], length: int) -> None:
    assert short_length(ids) == length


def test_a_branch_set_by_the_user_is_shown_with_the_original_one() -> None:
    assert branch_label(session()) == ""
    assert branch_label(session(branch="main")) == "main"
    assert branch_label(session(branch="main", began_on="work")) == "main (began on work)"
    assert branch_label(session(branch="main", began_on=None)) == "main (began on no branch)"
