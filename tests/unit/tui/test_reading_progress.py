"""The progress of the first reading."""

from tui.reading_progress import ReadingRate

MIB = 1024**2


def test_the_rate_and_the_time_left_follow_from_what_was_read() -> None:
    rate = ReadingRate()
    assert rate.update(100 * MIB, 90 * MIB, 0.0).text == "Reading 10.0 MiB of 100.0 MiB"
    reading = rate.update(100 * MIB, 70 * MIB, 4.0)
    assert reading.text == "Reading 30.0 MiB of 100.0 MiB · 5.0 MiB/s · 14 s left"


def test_only_the_last_seconds_count_and_more_files_start_anew() -> None:
    rate = ReadingRate()
    for second in range(20):
        rate.update(100 * MIB, 90 * MIB, float(second))
    assert rate.update(100 * MIB, 80 * MIB, 20.0).rate == MIB
    assert rate.update(200 * MIB, 180 * MIB, 21.0).rate is None
