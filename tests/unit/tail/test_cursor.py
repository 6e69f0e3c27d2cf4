"""Cursors: which files continue, which were rewritten, and how that is verified."""

import os
from pathlib import Path

import msgspec
import pytest

from ingest.tail.cursor import (
    START,
    Cursor,
    Judgement,
    Mark,
    Verdict,
    advance,
    is_unchanged,
    judge,
    restart,
    with_hints,
)
from ingest.tail.lines import blocks
from ingest.tail.source import UNSEEN, Seen
from tests.unit.tail.builders import (
    EVERYTHING,
    Memory,
    append,
    opened,
    pack,
    poll,
    read_once,
    rollout,
    texts,
    write,
)

LONG = b"".join(b'{"line":%d}\n' % number for number in range(2000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "sessions" / rollout(), LONG)


def seen(path: Path) -> Seen:
    with opened(path) as reader:
        return reader.seen


def judged(cursor: Cursor, path: Path) -> Judgement:
    with opened(path) as reader:
        return judge(cursor, reader)


def verdict(cursor: Cursor, path: Path) -> Verdict:
    return judged(cursor, path).verdict


def edited(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_new_source_is_read_from_its_start(path: Path) -> None:
    assert verdict(START, path) is Verdict.APPENDED
    assert verdict(START, write(path, b"")) is Verdict.UNCHANGED


def test_after_reading_everything_the_file_is_settled_and_unchanged(path: Path) -> None:
    cursor = read_once(path)
    assert is_unchanged(cursor, seen(path))
    assert verdict(cursor, path) is Verdict.UNCHANGED
    assert (cursor.offset, cursor.head_len, cursor.generation) == (len(LONG), 4096, 0)


def test_an_appended_line_unsettles_the_file_and_continues_it(path: Path) -> None:
    cursor = read_once(path)
    append(path, b"new\n")
    assert not is_unchanged(cursor, seen(path))
    after, outcome, lines = poll(cursor, path)
    assert (outcome, lines, after.generation) == (Verdict.APPENDED, [b"new"], 0)


def test_a_batch_that_stopped_at_its_limit_is_not_settled(path: Path) -> None:
    cursor, _, lines = poll(START, path, limit=100)
    assert lines
    assert not is_unchanged(cursor, seen(path))
    rest = poll(cursor, path)[2]
    assert b"\n".join([*lines, *rest]) + b"\n" == LONG


def test_the_head_grows_with_the_file_and_never_beyond_the_offset(path: Path) -> None:
    write(path, b"one\ntorn")
    cursor = read_once(path)
    assert (cursor.offset, cursor.head_len) == (4, 4)
    append(path, b" line\n")
    cursor, outcome, lines = poll(cursor, path)
    assert (outcome, lines, cursor.head_len) == (Verdict.APPENDED, [b"torn line"], 14)
    append(path, LONG)
    cursor, outcome, _ = poll(cursor, path)
    assert (outcome, cursor.head_len) == (Verdict.APPENDED, 4096)


def test_a_torn_line_completed_differently_is_still_an_append(path: Path) -> None:
    write(path, b"one\ntorn")
    cursor = read_once(path)
    write(path, b"one\nother\n")
    assert poll(cursor, path)[1:] == (Verdict.APPENDED, [b"other"])


def test_archiving_a_session_reads_nothing_again(path: Path) -> None:
    cursor = read_once(path)
    archived = path.parent.parent / path.name
    path.rename(archived)
    assert is_unchanged(cursor, seen(archived))
    append(archived, b"new\n")
    assert poll(cursor, archived)[1:] == (Verdict.APPENDED, [b"new"])


def test_compressing_and_unpacking_a_session_reads_nothing_again(path: Path) -> None:
    cursor = read_once(path)
    packed = write(path.parent / (path.name + ".zst"), pack(LONG))
    path.unlink()
    cursor, outcome, lines = poll(cursor, packed)
    assert (outcome, lines, cursor.offset) == (Verdict.UNCHANGED, [], len(LONG))
    assert is_unchanged(cursor, seen(packed))
    write(path, LONG + b"new\n")
    assert poll(cursor, path)[1:] == (Verdict.APPENDED, [b"new"])


def test_a_compressed_session_with_more_lines_than_were_read_continues(path: Path) -> None:
    cursor = read_once(path)
    packed = write(path.parent / (path.name + ".zst"), pack(LONG + b"new\n"))
    assert poll(cursor, packed)[1:] == (Verdict.APPENDED, [b"new"])


def test_a_file_emptied_and_not_yet_written_again_keeps_its_cursor(path: Path) -> None:
    cursor = read_once(path)
    write(path, b"")
    cursor, outcome, _ = poll(cursor, path)
    assert (outcome, cursor.offset, cursor.generation) == (Verdict.EMPTIED, len(LONG), 0)
    assert is_unchanged(cursor, seen(path))
    write(path, LONG)
    assert poll(cursor, path)[1:] == (Verdict.UNCHANGED, [])


def test_smaller_content_is_a_new_generation_read_from_its_start(path: Path) -> None:
    cursor = read_once(path)
    write(path, b"other\n")
    after, outcome, lines = poll(cursor, path)
    assert (outcome, lines) == (Verdict.REWRITTEN, [b"other"])
    assert (after.generation, after.offset) == (1, 6)


def test_a_rewritten_file_without_a_whole_line_replaces_nothing_yet(path: Path) -> None:
    cursor = read_once(path)
    write(path, b"torn")
    cursor, outcome, _ = poll(cursor, path)
    assert (outcome, cursor.offset, cursor.generation) == (Verdict.REWRITTEN, len(LONG), 0)
    append(path, b" line\n")
    cursor, _, lines = poll(cursor, path)
    assert (lines, cursor.generation) == ([b"torn line"], 1)


def test_a_file_truncated_and_grown_past_the_old_offset_is_recognised(path: Path) -> None:
    cursor = read_once(path)
    write(path, b"other\n" * len(LONG))
    judgement = judged(cursor, path)
    assert judgement.verdict is Verdict.REWRITTEN
    assert judgement.reason == "Its first 4096 bytes are not those read before."


def test_a_history_trimmed_at_its_head_is_recognised(path: Path) -> None:
    cursor = read_once(path)
    write(path, LONG[LONG.index(b"\n", 5000) + 1 :] + b"newest\n" * 3000)
    assert verdict(cursor, path) is Verdict.REWRITTEN


@pytest.mark.parametrize("at", [0, 4095, len(LONG) - 256, len(LONG) - 2])
def test_an_edit_in_place_of_the_same_size_is_recognised_at_both_ends(path: Path, at: int) -> None:
    cursor = read_once(path)
    old = seen(path)
    with path.open("r+b") as file:
        file.write(edited(LONG, at))
    os.utime(path, ns=(old.mtime_ns, old.mtime_ns + 1))
    assert not is_unchanged(cursor, seen(path))
    assert verdict(cursor, path) is Verdict.REWRITTEN


def test_an_edit_far_from_both_ends_is_left_to_a_deep_check(path: Path) -> None:
    cursor = read_once(path)
    write(path, edited(LONG, len(LONG) // 2))
    assert verdict(cursor, path) is Verdict.UNCHANGED


def test_an_edit_after_the_tail_of_a_small_file_is_seen_by_the_tail_alone(path: Path) -> None:
    content = LONG[: LONG.index(b"\n", 8000) + 1]
    cursor = read_once(write(path, content))
    write(path, edited(content, len(content) - 5) + b"new\n")
    assert judged(cursor, path).reason.startswith("The bytes before byte 80")


def test_replacing_a_file_by_identical_content_reads_nothing_again(path: Path) -> None:
    cursor = read_once(path)
    copy = write(path.parent / "copy", LONG)
    copy.replace(path)
    assert not is_unchanged(cursor, seen(path))
    cursor, outcome, lines = poll(cursor, path)
    assert (outcome, lines, cursor.generation) == (Verdict.UNCHANGED, [], 0)
    assert is_unchanged(cursor, seen(path))


def test_another_file_with_the_inode_of_a_deleted_one_is_recognised(path: Path) -> None:
    cursor = read_once(path)
    path.unlink()
    write(path, b"x" * len(LONG))
    reused = with_hints(cursor, seen(path))
    assert is_unchanged(reused, seen(path))
    assert verdict(reused, path) is Verdict.REWRITTEN


@pytest.mark.parametrize("mtime", [0, 10**18, 4 * 10**18])
def test_any_modification_time_shows_an_append(path: Path, mtime: int) -> None:
    os.utime(path, ns=(mtime, mtime))
    cursor = read_once(path)
    append(path, b"new\n")
    os.utime(path, ns=(mtime, mtime))
    assert not is_unchanged(cursor, seen(path))
    assert poll(cursor, path)[2] == [b"new"]


def test_a_touched_file_is_judged_by_its_bytes(path: Path) -> None:
    cursor = read_once(path)
    os.utime(path, ns=(0, 0))
    assert not is_unchanged(cursor, seen(path))
    assert verdict(cursor, path) is Verdict.UNCHANGED


def test_judging_reads_at_most_the_head_and_the_marker(path: Path) -> None:
    cursor = read_once(path)
    append(path, LONG)
    with opened(path) as reader:
        judge(cursor, reader)
        assert reader.bytes_read == 4096 + 256
        run = blocks(reader, cursor.offset, EVERYTHING)
        texts(run)
        advance(cursor, run.mark())
        assert reader.bytes_read == 4096 + 256 + len(LONG)


def test_an_error_half_way_leaves_a_cursor_that_is_not_settled(path: Path) -> None:
    with opened(path) as reader:
        run = blocks(reader, 0, EVERYTHING)
        next(iter(run))
        assert run.mark().seen == UNSEEN


def test_a_restart_keeps_only_the_generation_count(path: Path) -> None:
    cursor = read_once(path)
    assert restart(restart(cursor)) == msgspec.structs.replace(START, generation=2)


def test_a_cursor_never_moves_backwards_or_on_bytes_that_do_not_fit() -> None:
    here = Seen(100, 1, 1, 1)
    cursor = advance(START, Mark(10, b"x" * 50, b"x" * 10, here))
    assert cursor.head_len == 10
    for mark in (
        Mark(9, b"x" * 50, b"x" * 9, here),
        Mark(20, b"x" * 19, b"x" * 20, here),
        Mark(20, b"x" * 20, b"x" * 19, here),
        Mark(500, b"x" * 500, b"x" * 257, here),
    ):
        with pytest.raises(ValueError, match="offset"):
            advance(cursor, mark)


def test_a_cursor_survives_being_stored() -> None:
    cursor = advance(START, Mark(3, b"ab\n", b"ab\n", Seen(3, 2**62, 2**63, 2**64 - 1)))
    assert msgspec.json.decode(msgspec.json.encode(cursor), type=Cursor) == cursor


def test_reading_in_batches_of_any_size_ends_at_the_same_cursor() -> None:
    whole = blocks(Memory(LONG), 0, EVERYTHING)
    texts(whole)
    expected = advance(START, whole.mark())
    for limit in (1, 255, 256, 257, 4095, 4096, 4097):
        cursor, more = START, True
        while more:
            run = blocks(Memory(LONG), cursor.offset, limit)
            texts(run)
            cursor, more = advance(cursor, run.mark()), run.more
        assert cursor == expected
