"""The line that tells how far a backlog is read."""

import io

from ingest.cli.progress import Progress, line


def test_the_line_holds_the_share_the_bytes_the_rate_and_the_time_left() -> None:
    said = line(512 * 1024, 1024 * 1024, 2.0, "#-")
    assert said == "############------------  50%  512.0 KiB of 1.0 MiB, 256.0 KiB/s, 2.0 s left"


def test_nothing_left_and_nothing_to_do_divide_by_nothing() -> None:
    assert "100%" in line(0, 0, 0.0, "#-")
    assert "left" not in line(10, 10, 1.0, "#-")
    assert "left" not in line(0, 10, 0.0, "#-")


def test_it_is_drawn_ten_times_a_second_at_most_and_leaves_nothing_behind() -> None:
    stream, times = io.StringIO(), iter([0.0, 0.05, 0.2, 0.25, 0.4])
    progress = Progress(stream, 100, lambda: next(times), in_ascii=True)
    for done in (10, 20, 30, 40):
        progress.at(done)
    assert stream.getvalue().count("\r") == 2
    progress.clear()
    *_, blank, end = stream.getvalue().split("\r")
    assert (blank.strip(), end) == ("", "")


def test_what_was_never_drawn_needs_no_clearing() -> None:
    stream = io.StringIO()
    Progress(stream, 100, lambda: 0.0, in_ascii=True).clear()
    assert stream.getvalue() == ""
