"""The checks of a terminal: whether the dashboard can be shown there, and how well."""

import pytest

from ingest.cli.terminal import Window, check

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def test_a_capable_terminal_has_no_problem() -> None:
    found = check(GOOD, Window(120, 40, "utf-8"))
    assert (found.ok, found.cure) == (True, "")
    assert found.detail == "xterm-256color, 120 × 40, all colours"


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_without_cursor_movement_is_a_problem(term: str) -> None:
    found = check({"TERM": term}, Window(80, 24, "utf-8"))
    assert not found.ok
    assert "`tailboard status`" in found.cure


def test_only_a_window_that_is_too_small_is_a_problem() -> None:
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
def test_the_number_of_colours_is_detected(env: dict[str, str], colours: str) -> None:
    assert check(env, Window(80, 24, "utf-8")).detail.endswith(colours)


def test_an_old_encoding_only_replaces_the_glyphs() -> None:
    found = check(GOOD, Window(80, 24, "iso-8859-1"))
    assert found.ok
    assert "ASCII" in found.cure


def test_a_pipe_is_not_checked() -> None:
    assert check({}, None).ok
