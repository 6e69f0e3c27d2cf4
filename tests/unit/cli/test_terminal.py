"""What is said of a terminal: whether the dashboard can be shown there, and how well."""

import pytest

from ingest.cli.terminal import Window, check

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def test_a_good_terminal_is_good() -> None:
    found = check(GOOD, Window(120, 40, "utf-8"))
    assert (found.ok, found.cure) == (True, "")
    assert found.detail == "xterm-256color, 120 × 40, all colours"


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_place_text_is_a_problem(term: str) -> None:
    found = check({"TERM": term}, Window(80, 24, "utf-8"))
    assert not found.ok
    assert "`tailboard status`" in found.cure


def test_a_window_that_is_too_small_is_a_problem_and_a_small_one_is_not() -> None:
    assert not check(GOOD, Window(59, 24, "utf-8")).ok
    assert not check(GOOD, Window(80, 14, "utf-8")).ok
    small = check(GOOD, Window(60, 15, "utf-8"))
    assert small.ok
    assert "80 × 24" in small.cure


@pytest.mark.parametrize(
    ("env", "colours"),
    [
        ({"TERM": "linux"}, "16 colours at most"),
        ({"TERM": "xterm-256color"}, "256 colours"),
        ({**GOOD, "NO_COLOR": "1"}, "no colours (NO_COLOR)"),
    ],
)
def test_colours_are_told(env: dict[str, str], colours: str) -> None:
    assert check(env, Window(80, 24, "utf-8")).detail.endswith(colours)


def test_an_old_encoding_costs_the_signs_and_no_more() -> None:
    found = check(GOOD, Window(80, 24, "iso-8859-1"))
    assert found.ok
    assert "ASCII" in found.cure


def test_a_pipe_is_not_looked_at() -> None:
    assert check({}, None).ok
