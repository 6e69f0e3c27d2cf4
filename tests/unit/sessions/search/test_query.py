"""Parsing of what a user types, to what is searched."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sessions.search.query import Query, filter_spans, parse, unknown_values

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def asked(text: str) -> Query:
    return parse(text, NOW, UTC)


@given(st.text())
def test_any_text_is_a_valid_query(text: str) -> None:
    assert asked(text) == asked(text)


@given(st.text(alphabet='ab:-" kindprojectsincehas7d%_\\', max_size=60))
def test_any_text_with_filters_is_a_valid_query(text: str) -> None:
    for word in (*asked(text).words, *asked(text).without):
        assert word.strip()


@pytest.mark.parametrize(
    "word",
    ["src/x.py", "foo-bar", "what's", "AND", "%", "_", "(a+)+$", ";DROP", "-x", "--all", "-"],
)
def test_punctuation_is_literal(word: str) -> None:
    assert asked(word) == Query(words=(word,), prefix=word)


def test_the_last_word_may_still_be_typed() -> None:
    assert asked("fix pars").prefix == "pars"
    for text in ("fix pars ", 'fix "pars"', "fix kind:step", "fix -pars", "pars kind:"):
        assert asked(text).prefix == "", text


def test_words_are_unique_and_sorted_by_length() -> None:
    assert asked("fix the unicode Fix").words == ("unicode", "Fix", "the")


def test_a_quoted_phrase_is_one_word_even_without_the_closing_quote() -> None:
    assert asked('"failing test" x').words == ("failing test", "x")
    assert asked('x "failing te').words == ("failing te", "x")
    assert asked('""') == Query()


def test_a_minus_excludes_a_word() -> None:
    assert asked('parser -lexer -"old one"') == Query(
        words=("parser",), without=("old one", "lexer")
    )


def test_filters_are_named_words_and_keep_their_case() -> None:
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
def test_an_unknown_filter_is_a_word(word: str) -> None:
    assert asked(word).words == (word,)


def test_an_incomplete_filter_hides_nothing() -> None:
    assert asked("x kind:") == asked("x Project:") == Query(words=("x",))
    assert asked("kind:pro").kinds == ("prompt",)
    assert asked("kind:s").kinds == ("step", "script", "self")
    assert asked("has:e").broken


def test_a_very_long_query_is_truncated() -> None:
    assert len(asked("x" * 1_000_000).words[0]) < 5000
    assert len(asked(" ".join(f"w{i}" for i in range(100_000))).words) < 50


def test_invalid_text_is_searched_as_text() -> None:
    assert asked("\ud800\0x").words == ("?", "x")


def test_the_places_of_filters_are_known_and_those_of_words_are_not() -> None:
    text = 'lexer kind:step -x project:"My Site" has:wings'
    assert [text[start:end] for start, end in filter_spans(text, NOW)] == [
        "kind:step",
        'project:"My Site"',
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("x since:lastweek", ["since: does not know “lastweek”; 7d, yesterday, 2026-11-01"]),
        ("Until:soon", ["until: does not know “soon”; 7d, yesterday, 2026-11-01"]),
        ("has:eror", ["has: does not know “eror”; error"]),
        ("at:there", ["at: does not know “there”; here"]),
        ("kind:commit", ["kind: does not know “commit”; prompt, answer, step"]),
        ('"kind:commit"', []),
        ("kind:command since:7d has:err at:here branch:x std::move a:b kind:", []),
    ],
)
def test_unknown_values_of_filters_are_listed_with_those_allowed(
    text: str, messages: list[str]
) -> None:
    unknown = unknown_values(text, asked(text))
    assert len(unknown) == len(messages)
    for each, message in zip(unknown, messages, strict=True):
        assert each.text.startswith(message)
