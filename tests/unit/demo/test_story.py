"""The data of the demo: recorded once, played at any time and place."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Event

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.story import Chapter, Form, Story, shipped
from ingest.demo.timeshift import TimeShift, time_of
from ingest.demo.writer import DemoWriter
from tests.demo.__main__ import compose
from tests.demo.project import NOW_MS

NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
LATER = NOW + timedelta(days=400, hours=7, seconds=11)


def shift(by: timedelta, words: dict[str, str] | None = None) -> TimeShift:
    return TimeShift(NOW_MS, by, words or {})


def test_the_shipped_data_is_up_to_date() -> None:
    assert shipped() == compose(), "run `make demo-story`"


def test_all_forms_of_times_are_moved_and_nothing_else() -> None:
    at = NOW_MS // 1000
    line = (
        f'{{"timestamp":"2026-12-11T08:00:00.123Z","ts":{at},"ms":{at}456,"n":1234567890,'
        f'"id":"019b0c3e-1f00-7abc-8def-0123456789ab","v4":"{"0" * 8}-0000-4000-8000-{"0" * 12}",'
        f'"path":"x{at}","text":"call 1790000000.5 for 12 s"}}'
    )
    moved = shift(timedelta(days=1)).text(line)
    assert moved.startswith('{"timestamp":"2026-12-12T08:00:00.123Z"')
    assert f'"ts":{at + 86_400},"ms":{at + 86_400}456,"n":1234567890' in moved
    assert f'"path":"x{at}","text":"call 1790000000.5 for 12 s"' in moved
    assert len(moved) == len(line)


@given(days=st.integers(-59, 59), seconds=st.integers(0, 86_399))
def test_a_time_shift_can_be_reversed(days: int, seconds: int) -> None:
    by = timedelta(days=days, seconds=seconds)
    text = "".join(chapter.text for chapter in shipped().chapters[:3])
    there = shift(by).text(text)
    back = TimeShift(NOW_MS + round(by.total_seconds() * 1000), -by, {})
    assert back.text(there) == text


def test_replacements_are_escaped_as_json() -> None:
    odd = 'a"b\\c\n'
    assert shift(timedelta(), {"/home/dev": odd}).text('"/home/dev/x"') == r'"a\"b\\c\n/x"'


def test_files_are_named_after_the_local_time() -> None:
    path = (
        "sessions/2026/12/11/rollout-2026-12-11T23-30-00-cf70c3b9-657a-4c60-9eb8-c392d2182de2.jsonl"
    )
    east = timezone(timedelta(hours=1))
    assert shift(timedelta()).path(path, UTC) == path
    assert "2026/12/12/rollout-2026-12-12T00-30-00-cf70" in shift(timedelta()).path(path, east)
    flat = f"archived_{path.replace('2026/12/11/', '')}"
    assert (
        shift(timedelta(days=1)).path(flat, UTC).startswith("archived_sessions/rollout-2026-12-12")
    )
    assert shift(timedelta()).path("history.jsonl", UTC) == "history.jsonl"


def line(seconds: float, text: str) -> str:
    at = NOW + timedelta(seconds=seconds)
    return f'{{"timestamp":"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z","t":"{text}"}}\n'


class SteppingClock:
    """Advances by `step` seconds with each call."""

    def __init__(self, now: datetime, step: float) -> None:
        self.now, self.step = now, timedelta(seconds=step)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[DemoWriter]:
    texts = [line(-60, "a"), "no time\n", line(5, "b"), line(9, "c")]
    chapters = [
        Chapter("one.jsonl", "".join(texts), thread="one"),
        Chapter("two.jsonl", line(7, "d"), thread="two"),
        Chapter("packed.jsonl", line(-90, "e") * 9, Form.PACKED),
        Chapter("damaged.jsonl", line(-90, "e") * 9, Form.DAMAGED),
        Chapter("open.jsonl", line(-9, "f"), thread="open"),
    ]
    yield DemoWriter(Story(NOW_MS, chapters, []), tmp_path, LATER, UTC)
    assert {path.name for path in tmp_path.iterdir()} <= {"codex", "work"}


def test_past_lines_are_written_at_once_and_future_lines_at_their_times(writer: DemoWriter) -> None:
    writer.write_past()
    home = writer.home
    locks = home / "thread-writer-locks"
    assert (home / "one.jsonl").read_text().count("\n") == 2
    assert not (home / "two.jsonl").exists()
    assert {lock.name for lock in locks.iterdir()} == {"one.lock", "open.lock"}
    stop = Event()
    stop.set()
    writer.play(stop, lambda: LATER)
    assert not (home / "two.jsonl").exists()
    writer.play(Event(), SteppingClock(LATER + timedelta(seconds=9), 1))
    lines = (home / "one.jsonl").read_text().splitlines()
    assert [line[-5:] for line in lines] == [':"a"}', " time", ':"b"}', ':"c"}']
    assert time_of(lines[3]) == LATER + timedelta(seconds=9)
    assert {lock.name for lock in locks.iterdir()} == {"open.lock"}


def test_old_files_are_compressed_and_one_is_truncated(writer: DemoWriter) -> None:
    writer.write_past()
    packed = writer.home / "packed.jsonl.zst"
    assert zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read().count(b"\n") == 9
    assert packed.stat().st_mtime == (LATER - timedelta(seconds=90)).timestamp()
    cut = (writer.home / "damaged.jsonl.zst").read_bytes()
    assert packed.read_bytes().startswith(cut)
    assert not (writer.home / "packed.jsonl").exists()


def test_recorded_commit_ids_are_replaced_by_real_ones(tmp_path: Path) -> None:
    writer = DemoWriter(shipped(), tmp_path, LATER, UTC)
    writer.write_past()
    heads = {
        (place / ".git" / "refs" / "heads" / "main").read_text().strip()
        for place in writer.work.iterdir()
    }
    assert len(heads) == 4
    text = "".join(path.read_text() for path in (writer.home / "sessions").rglob("*.jsonl"))
    assert any(head in text for head in heads)
    assert "/home/dev" not in text
    assert str(writer.work) in text


def test_the_demo_works_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    writer = DemoWriter(shipped(), tmp_path / "demo", LATER, UTC)
    writer.write_past()
    assert list(writer.work.rglob(".git")) == []
    assert (writer.work / "parser" / "parser" / "names.py").is_file()
    assert list((writer.home / "sessions").rglob("*.jsonl"))
