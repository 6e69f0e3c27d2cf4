"""The progress line of a backlog."""

import io

from ingest.cli.output import Output
from ingest.cli.progress import Narration, Progress, line


def test_the_line_shows_share_bytes_rate_and_remaining_time() -> None:
    text = line(512 * 1024, 1024 * 1024, 2.0, "#-")
    assert text == "############------------  50%  512.0 KiB of 1.0 MiB, 256.0 KiB/s, 2.0 s left"


def test_zero_remaining_or_total_bytes_cause_no_error() -> None:
    assert "100%" in line(0, 0, 0.0, "#-")
    assert "left" not in line(10, 10, 1.0, "#-")
    assert "left" not in line(0, 10, 0.0, "#-")


def test_the_line_is_drawn_at_most_ten_times_a_second_and_cleared() -> None:
    stream, times = io.StringIO(), iter([0.0, 0.05, 0.2, 0.25, 0.4])
    progress = Progress(stream, 100, lambda: next(times), in_ascii=True)
    for done in (10, 20, 30, 40):
        progress.at(done)
    assert stream.getvalue().count("\r") == 2
    progress.clear()
    *_, blank, end = stream.getvalue().split("\r")
    assert (blank.strip(), end) == ("", "")


def test_a_line_that_was_never_drawn_is_not_cleared() -> None:
    stream = io.StringIO()
    Progress(stream, 100, lambda: 0.0, in_ascii=True).clear()
    assert stream.getvalue() == ""


def test_without_a_terminal_each_tenth_is_a_line_and_a_quick_run_prints_none() -> None:
    stream, times = io.StringIO(), iter([0.0, 1.0, 3.0, 4.0, 6.0, 7.0, 9.0])
    narration = Narration(Output(stream, stream), "Verified", lambda: next(times))
    for done in (10, 25, 29, 35, 38, 100):
        narration.at(done * 1024, 102_400)
    narration.clear()
    assert stream.getvalue().splitlines() == [
        "Verified: 25%, 25.0 KiB of 100.0 KiB",
        "Verified: 35%, 35.0 KiB of 100.0 KiB",
        "Verified: 100%, 100.0 KiB of 100.0 KiB",
    ]


def test_disabled_progress_prints_nothing() -> None:
    stream, times = io.StringIO(), iter([0.0, 9.0])
    narration = Narration(Output(stream, stream, quiet=True), "Verified", lambda: next(times))
    narration.at(50, 100)
    assert stream.getvalue() == ""


def test_a_terminal_gets_the_progress_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream, times = Terminal(), iter([0.0, 1.0, 2.0, 3.0])
    narration = Narration(Output(stream, stream), "Verified", lambda: next(times))
    narration.at(10, 100)
    narration.at(50, 100)
    assert "50%" in stream.getvalue()
    narration.clear()
    assert stream.getvalue().endswith("\r")
