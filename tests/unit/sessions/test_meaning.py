"""Meaning: how what is similar is put among what has the words, and when it is searched at all."""

from datetime import UTC, datetime

import pytest

from ingest.sessions.search.index import Found
from ingest.sessions.search.meaning import can_be_similar, fuse, is_exact
from ingest.sessions.search.query import parse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def found(byte: int) -> Found:
    return Found("prompt", 1, byte, 1, None, byte, 1.0, None)


def test_a_text_in_both_lists_comes_first_and_is_not_called_similar() -> None:
    words, near = [found(1), found(2)], [found(3), found(2), found(4)]
    fused = fuse(words, near, exact=False)
    assert [(one.found.byte, one.similar) for one in fused] == [
        (2, False), (1, False), (3, True), (4, True),
    ]  # fmt: skip


def test_what_has_an_exact_name_stays_before_what_is_similar() -> None:
    words, near = [found(1), found(2)], [found(3), found(2)]
    fused = fuse(words, near, exact=True)
    assert [one.found.byte for one in fused] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("slow front page", False),
        ("parser", True),
        ("slow HTTPServer class", True),
        ("error in src/lexer.py", True),
        ("error E501 again", True),
        ("read_file is slow", True),
        ('the "front page" again', True),
    ],
)
def test_names_paths_numbers_and_phrases_are_exact(text: str, exact: bool) -> None:
    assert is_exact(parse(text, NOW)) is exact


@pytest.mark.parametrize(
    ("text", "similar"),
    [
        ("slow front page", True),
        ("slow page kind:prompt since:7d", True),
        ("slow page kind:command", False),
        ("slow page tool:shell", False),
        ("slow page has:error", False),
        ("kind:prompt", False),
    ],
)
def test_similar_texts_are_left_out_where_the_filters_exclude_them(
    text: str, similar: bool
) -> None:
    assert can_be_similar(parse(text, NOW)) is similar
