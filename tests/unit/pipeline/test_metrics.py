"""Metrics of the running system: what is counted, and that idle periods write nothing."""

from datetime import datetime, timedelta

from ingest.pipeline.job import JobDone
from ingest.pipeline.metrics import Metrics, Sample
from ingest.pipeline.scan import TrackedFile
from ingest.tail.cursor import START, Cursor
from ingest.tail.source import Kind, Representation, Seen, SourceName

NOW = datetime(2026, 11, 21, 14)


def figures() -> Metrics:
    return Metrics("1.2.3", NOW)


def at(offset: int, generation: int = 0) -> Cursor:
    return Cursor(generation, offset, 0, "", "", offset, 1, 0, 0)


def source(number: int, size: int) -> TrackedFile:
    name = SourceName(Kind.ROLLOUT, f"thread-{number}", "")
    path, seen = f"/home/{number}", Seen(size, 1, 0, 0)
    return TrackedFile(number, "h", name, path, Representation.PLAIN, False, size, 1, seen=seen)


def ended(
    number: int, outcome: str, start: int = 0, end: int = 0, *, anew: bool = False
) -> JobDone:
    return JobDone(
        f"batch-{number}",
        number,
        start,
        outcome,
        at(end),
        bytes_read=end - start + 5,
        seconds=0.5,
        facts=2,
        replaces=anew,
    )


def taken(counting: Metrics, later: timedelta = timedelta(minutes=1)) -> Sample:
    sample = counting.take_sample(NOW + later, 4096)
    assert sample is not None
    return sample


def test_an_idle_owner_records_no_sample() -> None:
    counting = figures()
    counting.record_scan(1000, [])
    assert counting.take_sample(NOW + timedelta(minutes=1), 4096) is None


def test_a_sample_is_due_once_a_minute() -> None:
    counting = figures()
    assert not counting.due(NOW + timedelta(seconds=59))
    assert counting.due(NOW + timedelta(seconds=60))
    counting.take_sample(NOW + timedelta(seconds=60), 0)
    assert not counting.due(NOW + timedelta(seconds=119))


def test_a_commit_of_many_batches_counts_once() -> None:
    counting = figures()
    counting.record_batches([ended(1, "read", 0, 100), ended(2, "read", 100, 150)])
    sample = taken(counting)
    assert (sample.landings, sample.batches, sample.facts) == (1, 2, 4)
    assert (sample.bytes_read, sample.bytes_new) == (160, 150)
    assert (sample.batch_seconds, sample.slowest_seconds) == (1.0, 0.5)
    assert (sample.seconds, sample.version, sample.database_bytes) == (60, "1.2.3", 4096)


def test_each_cursor_check_has_one_outcome() -> None:
    counting = figures()
    counting.record_scan(10, [source(1, 5)])
    counting.record_batches(
        [
            ended(1, "read", 0, 100),
            ended(2, "read", 50, 100),
            ended(3, "empty", 50, 50),
            ended(4, "rewritten", 50, 50),
            ended(4, "read", 50, 80, anew=True),
            ended(5, "failed", 50, 50),
        ]
    )
    sample = taken(counting)
    assert sample.unchanged == 9
    assert (sample.begun, sample.appended, sample.nothing_new) == (1, 1, 1)
    assert (sample.rewritten, sample.reread, sample.failures) == (1, 1, 1)


def test_a_file_read_from_its_beginning_again_is_new_from_its_beginning() -> None:
    counting = figures()
    counting.record_batches([ended(1, "read", 70, 100, anew=True)])
    assert taken(counting).bytes_new == 100


def test_the_backlog_grows_with_unread_data_and_shrinks_with_reading() -> None:
    counting = figures()
    counting.record_scan(2, [source(1, 100), source(2, 50)])
    sample = taken(counting)
    assert (sample.behind_bytes, sample.stale_sources) == (150, 2)
    first = ended(1, "read", 0, 60)
    first.more = True
    counting.record_batches([first])
    assert taken(counting).behind_bytes == 90
    counting.record_batches([ended(1, "read", 60, 100), ended(2, "read", 0, 50)])
    sample = taken(counting)
    assert (sample.behind_bytes, sample.stale_sources) == (0, 0)
    assert counting.take_sample(NOW, 4096) is None


def test_a_source_that_fails_stays_stale() -> None:
    counting = figures()
    counting.record_scan(1, [source(1, 100)])
    counting.record_batches([ended(1, "failed")])
    assert taken(counting).stale_sources == 1


def test_counters_are_reset_after_a_sample() -> None:
    counting = figures()
    counting.record_batches([ended(1, "read", 0, 10)])
    taken(counting)
    counting.record_batches([ended(1, "read", 10, 20)])
    assert taken(counting).bytes_new == 10


def test_the_start_of_a_file_is_not_a_cursor_to_continue_from() -> None:
    assert START.offset == 0
    counting = figures()
    counting.record_batches([ended(1, "read", START.offset, 10)])
    assert taken(counting).begun == 1
