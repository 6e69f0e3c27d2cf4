"""What people type, and what is looked for then."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sessions.search.query import Query, parse

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def asked(text: str) -> Query:
    return parse(text, NOW, UTC)


@given(st.text())
def test_whatever_is_typed_is_a_question(text: str) -> None:
    assert asked(text) == asked(text)


@given(st.text(alphabet='ab:-" kindprojectsincehas7d%_\\', max_size=60))
def test_so_is_what_looks_like_filters(text: str) -> None:
    for word in (*asked(text).words, *asked(text).without):
        assert word.strip()


@pytest.mark.parametrize(
    "word",
    ["src/x.py", "foo-bar", "what's", "AND", "%", "_", "(a+)+$", ";DROP", "-x", "--all", "-"],
)
def test_signs_mean_themselves(word: str) -> None:
    assert asked(word) == Query(words=(word,))


def test_words_come_longest_first_and_each_once() -> None:
    assert asked("fix the unicode Fix").words == ("unicode", "Fix", "the")


def test_what_is_quoted_stays_together_even_before_the_closing_quote() -> None:
    assert asked('"failing test" x').words == ("failing test", "x")
    assert asked('x "failing te').words == ("failing te", "x")
    assert asked('""') == Query()


def test_a_minus_leaves_out() -> None:
    assert asked('parser -lexer -"old one"') == Query(
        words=("parser",), without=("old one", "lexer")
    )


def test_filters_are_words_with_a_name_and_keep_their_capitals() -> None:
    assert asked(
        'Project:Parser branch:main session:01A kind:Step kind:prompt tool:"a B"'
    ) == Query(
        projects=("Parser",),
        branches=("main",),
        sessions=("01A",),
        kinds=("step", "prompt"),
        tools=("a B",),
    )
    assert asked("has:Error status:failed") == Query(statuses=("failed",), broken=True)
    assert asked("since:7d until:2026-11-20") == Query(
        since=datetime(2026, 11, 14, 14), until=datetime(2026, 11, 21)
    )


@pytest.mark.parametrize(
    "word", ["colour:red", "kind:thing", "since:never", "has:wings", "http://x"]
)
def test_a_filter_that_means_nothing_is_a_word(word: str) -> None:
    assert asked(word).words == (word,)


def test_a_filter_that_is_being_written_hides_nothing() -> None:
    assert asked("x kind:") == asked("x Project:") == Query(words=("x",))
    assert asked("kind:pro").kinds == ("prompt",)
    assert asked("kind:s").kinds == ("step", "script", "self")
    assert asked("has:e").broken


def test_a_question_as_long_as_a_book_is_cut() -> None:
    assert len(asked("x" * 1_000_000).words[0]) < 5000
    assert len(asked(" ".join(f"w{i}" for i in range(100_000))).words) < 50


def test_what_is_no_text_is_asked_for_as_text() -> None:
    assert asked("\ud800\0x").words == ("?", "x")
