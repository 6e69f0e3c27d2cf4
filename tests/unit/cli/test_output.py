"""Printed output, with and without colour, wide and narrow."""

import io
from collections.abc import Mapping

import pytest

from ingest.cli.output import Column, Output, StyledCell, terminal
from ingest.text.sanitize import width
from ingest.text.state_style import STATE_STYLES

COLUMNS = (Column("ID"), Column("TITLE", least=6), Column("N", right=True))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(io.StringIO):
    encoding = "utf-8"


def make_output(out: io.StringIO, env: Mapping[str, str], color: str = "auto") -> Output:
    return terminal(out, io.StringIO(), env, color, quiet=False)


def printed(output: Output) -> str:
    assert isinstance(output.out, io.StringIO)
    return output.out.getvalue()


@pytest.mark.fault("S05", "A08")
def test_the_title_of_a_column_is_only_text() -> None:
    output = make_output(Terminal(), {"COLUMNS": "80"})
    output.table([Column("a\x1b]0;x\x07\x9bb\u202e", least=4)], [["1"]])
    assert not {"\x07", "\x9b", "\u202e"} & set(printed(output))
    assert "\x1b]" not in printed(output)


def test_columns_are_aligned_with_wide_characters() -> None:
    output = make_output(Pipe(), {})
    output.table(COLUMNS, [["a1", "日本", 5], ["b", "plain", 1200]])
    assert printed(output) == "ID  TITLE      N\na1  日本       5\nb   plain  1,200\n"


def test_a_narrow_terminal_shortens_only_columns_that_allow_it() -> None:
    output = make_output(Terminal(), {"COLUMNS": "20", "NO_COLOR": "1"}, "never")
    output.table(COLUMNS, [["0123456", "a title that is far too long", 7]])
    assert [width(line) for line in printed(output).splitlines()] == [20, 20]
    assert "0123456  a title …  7" not in printed(output)
    assert "0123456" in printed(output)


@pytest.mark.parametrize(
    ("room", "titles"),
    [(36, ["ID", "TEXT", "ONE", "TWO"]), (22, ["ID", "TEXT", "ONE"]), (14, ["ID", "TEXT"])],
)
def test_the_least_important_columns_are_hidden_if_there_is_no_room(
    room: int, titles: list[str]
) -> None:
    columns = (
        Column("ID"),
        Column("TEXT", least=4),
        Column("ONE", spare=1),
        Column("TWO", spare=2),
    )
    output = make_output(Terminal(), {"COLUMNS": str(room), "NO_COLOR": "1"}, "never")
    output.table(columns, [["0123456", "a title", "111111", "222222"]])
    first, second = printed(output).splitlines()
    assert first.split() == titles
    assert width(second) <= room


def test_the_end_of_a_long_path_is_shown() -> None:
    output = make_output(Terminal(), {"COLUMNS": "16", "NO_COLOR": "1"}, "never")
    output.table(
        [Column("ID"), Column("PATH", least=6, end=True)], [["1", "/home/dev/日本/a.jsonl"]]
    )
    assert printed(output).splitlines()[1] == "1   …本/a.jsonl"


def test_the_text_below_a_row_is_wrapped_to_the_terminal() -> None:
    output = make_output(Terminal(), {"COLUMNS": "20", "NO_COLOR": "1"}, "never")
    output.table([Column("ID")], [["1"], ["2"]], ["There is no repository at /x.", "Fine."])
    assert printed(output) == "ID\n1\n  There is no\n  repository at /x.\n2\n  Fine.\n"
    output = make_output(Pipe(), {})
    output.table([Column("ID")], [["1"]], ["There is no repository at /x."])
    assert printed(output) == "ID\n1\n  There is no repository at /x.\n"


def test_nothing_is_shortened_in_a_pipe() -> None:
    output = make_output(Pipe(), {"COLUMNS": "20"})
    output.table(COLUMNS, [["1", "x" * 200, 7]])
    assert "x" * 200 in printed(output)


@pytest.mark.parametrize(
    ("stream", "env", "color", "colorful"),
    [
        (Terminal, {}, "auto", True),
        (Terminal, {"TERM": "dumb"}, "auto", False),
        (Terminal, {}, "never", False),
        (Pipe, {}, "auto", False),
        (Pipe, {}, "always", True),
    ],
)
def test_colour_is_used_in_terminals_by_default(
    stream: type[io.StringIO], env: dict[str, str], color: str, colorful: bool
) -> None:
    output = make_output(stream(), env, color)
    output.line(StyledCell("word", "red"))
    assert ("\x1b[31m" in printed(output)) is colorful


def test_a_state_is_a_glyph_and_a_word_with_an_ascii_replacement() -> None:
    assert make_output(Pipe(), {}).state("running", 2).text == "● 2 running"
    plain = make_output(Pipe(), {"TAILBOARD_ASCII": "1"})
    for word in STATE_STYLES:
        assert plain.state(word).text.isascii()
    plain.table(COLUMNS, [["…", "über – →", 1]])
    assert printed(plain).isascii()


def test_every_state_of_sessions_and_batches_has_a_style() -> None:
    from ingest.batches.state import State
    from ingest.codex.liveness import SessionState

    assert {*SessionState, *State} <= set(STATE_STYLES)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    stream = Pipe()
    stream.encoding = "ascii"
    output = make_output(stream, {})
    output.line(output.state("failed"))
    assert printed(output) == "x failed\n"


def test_text_from_logs_is_sanitized() -> None:
    output = make_output(Pipe(), {})
    output.line("\x1b]0;owned\x07")
    output.text("a\n\x1b[2J")
    output.table([Column("T")], [["x\ny\x1b[31m"]])
    assert "\x1b" not in printed(output)
    assert printed(output).count("\n") == 5


def test_quiet_hides_notes_but_not_warnings() -> None:
    err = io.StringIO()
    output = terminal(Pipe(), err, {}, "auto", quiet=True)
    output.note("a note")
    output.complain("a complaint")
    assert err.getvalue() == "a complaint\n"
