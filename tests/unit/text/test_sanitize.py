"""Text from logs on its way to a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.sanitize import one_line, safe_text, truncate, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größer 🚀 日本", "größer 🚀 日本"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("bell\x07 nul\x00 del\x7f", "bell␇ nul␀ del␡"),
        ("c1\x9b31m", "c1\\x9b31m"),
        ("safe\u202egnp.exe", "safe<U+202E>gnp.exe"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("line\u2028break", "line<U+2028>break"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("half\ud83d", "half\ufffd"),
        ("over\rwrite", "over␍write"),
        ("a\tb", "a   b"),
    ],
)
def test_control_and_hidden_characters_are_made_visible(text: str, shown: str) -> None:
    assert safe_text(text) == shown


def test_line_breaks_stay_in_text_and_are_folded_in_one_line() -> None:
    assert safe_text("one\ntwo") == "one\ntwo"
    assert one_line(" one\n\n  two\tthree ") == "one two three"


@given(st.text())
def test_no_control_or_hidden_character_is_left(text: str) -> None:
    safe = safe_text(text)
    for character in safe:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
    assert not set(safe) & set("\u200b\u200e\u202a\u202e\u2066\u2069\ufeff")
    assert safe.encode("utf-8").decode() == safe
    assert safe_text(safe) == safe


def test_a_wide_character_takes_two_columns_and_an_accent_none() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1


@given(st.text(), st.integers(1, 30))
def test_truncated_text_fits(text: str, columns: int) -> None:
    assert width(truncate(one_line(text), columns)) <= columns


def test_truncated_text_ends_with_an_ellipsis() -> None:
    assert truncate("abcdef", 4) == "abc…"
    assert truncate("abcd", 4) == "abcd"
    assert truncate("日本語", 4) == "日…"
