"""Filters are completed: words of the list, its fields, and the values of a field."""

from tui.filters import completed

VALUES = {"": ["waiting"], "state": ["to_retry", "stuck"], "error": []}
WORDS = ["parser", "source.damaged", "stuck"]


def test_the_last_word_is_completed_and_those_before_it_stay() -> None:
    assert list(completed("docs pa", VALUES, WORDS)) == ["docs parser"]
    assert list(completed("Wai", VALUES, WORDS)) == ["waiting"]
    assert list(completed("!par", VALUES, WORDS)) == ["!parser"]
    assert list(completed("parser", VALUES, WORDS)) == []
    assert list(completed("", VALUES, WORDS)) == []
    assert list(completed("parser ", VALUES, WORDS)) == []


def test_a_field_is_completed_and_then_its_value() -> None:
    assert list(completed("st", VALUES, WORDS)) == ["state:", "stuck"]
    assert list(completed("state:", VALUES, WORDS)) == ["state:to_retry", "state:stuck"]
    assert list(completed("x state:s", VALUES, WORDS)) == ["x state:stuck"]


def test_a_field_without_values_of_its_own_takes_the_words_of_the_list() -> None:
    assert list(completed("error:sour", VALUES, WORDS)) == ["error:source.damaged"]
    assert list(completed("other:sour", VALUES, WORDS)) == []
