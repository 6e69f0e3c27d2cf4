"""What a session is called, how short its id may be, and whether somebody writes it."""

from pathlib import Path

import pytest

from ingest.sessions.session import TITLE_CHARS, branch_label, short_length, title_of
from ingest.tail.locks import locked_threads
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
def test_a_title_is_the_first_line_that_says_something(text: str | None, title: str | None) -> None:
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
def test_ids_are_as_short_as_they_can_be_told_apart(ids: list[str], length: int) -> None:
    assert short_length(ids) == length


def test_locks_are_told_by_their_names_and_a_home_without_any_is_not_known(tmp_path: Path) -> None:
    assert locked_threads(tmp_path) is None
    folder = tmp_path / "thread-writer-locks"
    folder.mkdir()
    assert locked_threads(tmp_path) == frozenset()
    for name in ("019a.lock", ".coordination.lock", "notes.txt"):
        (folder / name).touch()
    assert locked_threads(tmp_path) == frozenset({"019a"})


def test_a_branch_that_a_person_named_stands_with_the_one_it_began_on() -> None:
    assert branch_label(session()) == ""
    assert branch_label(session(branch="main")) == "main"
    assert branch_label(session(branch="main", began_on="work")) == "main (began on work)"
    assert branch_label(session(branch="main", began_on=None)) == "main (began on no branch)"
