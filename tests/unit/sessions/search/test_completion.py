"""Completions of a search query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sessions.search.completion import FilterValues, apply_completion, completions

KNOWN = FilterValues({"project": ("parser", "My Site"), "branch": ("main",)})


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("", []),
        ("x ", []),
        ("pro", ["project:"]),
        ("lexer S", ["session:", "status:", "since:"]),
        ("project:", ["project:parser", 'project:"My Site"']),
        ("project:PA", ["project:parser"]),
        ("project:parser", []),
        ("kind:co", ["kind:command"]),
        ("has:", ["has:error"]),
        ("lexer a", ["at:"]),
        ("at:", ["at:here"]),
        ("tool:", []),
        ("http:", []),
        ('"pro', []),
    ],
)
def test_filters_and_their_values_are_suggested(text: str, offers: list[str]) -> None:
    assert completions(text, KNOWN) == offers


def test_a_completed_name_expects_its_value_and_a_value_the_next_word() -> None:
    assert apply_completion("lexer pro", "project:") == "lexer project:"
    assert apply_completion("lexer project:p", "project:parser") == "lexer project:parser "


@given(st.text())
def test_any_text_can_be_completed(text: str) -> None:
    for offer in completions(text, KNOWN):
        assert apply_completion(text, offer).rstrip().endswith(offer)
