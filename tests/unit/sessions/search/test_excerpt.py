"""The line in which a match is shown."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.sessions.search.excerpt import COLUMNS, excerpt, marks


def test_the_line_with_most_matches_is_shown() -> None:
    text = "the parser\nfix the Parser now\n\nfix"
    assert excerpt(text, ["parser", "fix"]) == "fix the Parser now"


def test_a_long_line_is_cut_around_the_match() -> None:
    shown = excerpt(f"{'a' * 500} needle {'b' * 500}", ["needle"], 60)
    assert "needle" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) == 62


def test_without_words_the_first_line_is_shown() -> None:
    assert excerpt("\n  first \nsecond", []) == "first"
    assert excerpt("", ["x"]) == ""


def test_marks_are_literal_and_prefer_the_longer_word() -> None:
    assert marks("a.b axb A.B", ["a.b"]) == [(0, 3), (8, 11)]
    assert marks("parsers", ["parse", "parsers", ""]) == [(0, 7)]


def test_accents_and_what_separates_words_do_not_matter() -> None:
    assert marks("im Café", ["cafe"]) == [(3, 7)]
    assert marks("call foo_bar", ["foo bar"]) == [(5, 12)]


@given(st.text(), st.lists(st.text(max_size=5), max_size=4))
def test_any_text_has_an_excerpt(text: str, words: list[str]) -> None:
    shown = excerpt(text, words)
    assert len(shown) <= COLUMNS + 2
    for start, end in marks(shown, words):
        assert 0 <= start < end <= len(shown)
