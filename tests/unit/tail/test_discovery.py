"""The sources of a home, and the problems of other files."""

import os
import shutil
import socket
from collections import Counter
from pathlib import Path

import pytest

from ingest.tail import discovery
from ingest.tail.discovery import FoundSource, ProblemCode, find, preferred, scan
from ingest.tail.source import Kind, Representation, Seen, parse
from tests.unit.tail.builders import (
    as_a_user_without_rights,
    folder_everyone_may_enter,
    rollout,
    uuid,
    write,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "codex/sessions/2026/11/21" / rollout(1), b"{}\n")
    return tmp_path / "codex"


def day(home: Path, name: str = "2026/11/21") -> Path:
    return home / "sessions" / name


def only(home: Path) -> FoundSource:
    (found,) = scan(home).found
    return found


def codes(home: Path) -> Counter[ProblemCode]:
    return Counter(problem.code for problem in scan(home).problems)


def test_every_folder_of_a_home_is_searched(home: Path) -> None:
    write(home / "history.jsonl")
    write(home / "session_index.jsonl")
    write(home / "sessions" / f"rollout-2025-05-07-{uuid(2)}.json")
    write(home / "sessions/deep/er/and/deeper" / rollout(3))
    write(home / "sessions" / rollout(4))
    write(home / "archived_sessions" / rollout(5))
    discovery = scan(home)
    assert not discovery.problems
    assert {(found.name.kind, found.name.thread, found.archived) for found in discovery.found} == {
        (Kind.HISTORY, "", False),
        (Kind.SESSION_INDEX, "", False),
        (Kind.TYPESCRIPT, uuid(2), False),
        (Kind.ROLLOUT, uuid(1), False),
        (Kind.ROLLOUT, uuid(3), False),
        (Kind.ROLLOUT, uuid(4), False),
        (Kind.ROLLOUT, uuid(5), True),
    }


def test_a_found_source_has_the_stat_of_its_file(home: Path) -> None:
    path = day(home) / rollout(1)
    info = path.stat()
    found = only(home)
    assert found.path == str(path)
    assert found.seen == Seen(info.st_size, info.st_mtime_ns, info.st_dev, info.st_ino)


def test_files_that_are_no_sources_are_ignored(home: Path) -> None:
    for name in (".DS_Store", "notes.jsonl", rollout(8) + ".tmp", rollout(8) + ".zst.tmp"):
        write(day(home) / name)
    write(home / "state_5.sqlite")
    write(home / "sessions" / "history.jsonl")
    write(home / "archived_sessions/2026" / rollout(9))
    write(home / rollout(9))
    assert only(home).name.thread == uuid(1)
    assert not scan(home).problems


def test_names_that_are_not_text_cause_no_error(home: Path) -> None:
    odd = os.fsencode(day(home)) + b"/\xff\xfe\n\x1b[2J"
    write(Path(os.fsdecode(odd), rollout(2)))
    write(Path(os.fsdecode(odd), os.fsdecode(b"rollout-\xff.jsonl")))
    paths = {found.name.thread: found.path for found in scan(home).found}
    assert os.fsencode(paths[uuid(2)]).startswith(odd)
    assert find(home, paths[uuid(2)]) is not None


def test_a_plain_file_wins_over_its_compressed_copy(home: Path) -> None:
    write(day(home) / (rollout(1) + ".zst"), b"a much larger file")
    assert only(home).representation is Representation.PLAIN
    assert not scan(home).problems


def test_an_archived_plain_file_wins_over_a_compressed_one(home: Path) -> None:
    (day(home) / rollout(1)).rename(day(home) / (rollout(1) + ".zst"))
    write(home / "archived_sessions" / rollout(1))
    assert (only(home).representation, only(home).archived) == (Representation.PLAIN, True)
    assert not scan(home).problems


def test_a_live_file_wins_over_an_archived_copy(home: Path) -> None:
    write(home / "archived_sessions" / rollout(1), b"more than {}\n")
    assert not only(home).archived
    (problem,) = scan(home).problems
    assert (problem.code, problem.path) == (
        ProblemCode.DUPLICATE,
        str(home / "archived_sessions" / rollout(1)),
    )


def test_the_larger_of_two_files_of_a_session_is_read_and_the_other_reported(home: Path) -> None:
    larger = write(day(home, "2026/11/22") / rollout(1), b"{}\n{}\n")
    assert only(home).path == str(larger)
    (problem,) = scan(home).problems
    assert (problem.code, problem.path) == (ProblemCode.DUPLICATE, str(day(home) / rollout(1)))


def test_between_equal_copies_the_path_decides_and_not_the_order_of_the_folder(home: Path) -> None:
    write(day(home, "2026/11/20") / rollout(1), b"[]\n")
    write(day(home, "2026/11/22") / rollout(1), b"[]\n")
    assert only(home).path == str(day(home, "2026/11/20") / rollout(1))
    assert codes(home) == {ProblemCode.DUPLICATE: 2}


def test_a_hard_link_is_no_duplicate(home: Path) -> None:
    twin = day(home, "2026/11/20") / rollout(1)
    twin.parent.mkdir()
    twin.hardlink_to(day(home) / rollout(1))
    assert only(home).path == str(twin)
    assert not scan(home).problems


def test_pipes_sockets_and_folders_with_the_name_of_a_session_are_not_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(day(home) / rollout(2))
    (day(home) / rollout(3)).mkdir()
    monkeypatch.chdir(day(home))  # The path of a socket must be short.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(rollout(4))
        assert only(home).name.thread == uuid(1)
        assert codes(home) == {ProblemCode.SPECIAL: 3}
    assert [find(home, day(home) / rollout(number)) for number in (2, 3, 4)] == [None] * 3


def test_links_inside_the_home_are_reported_and_not_followed(home: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / rollout(2))
    (day(home) / rollout(2)).symlink_to(outside)
    (day(home) / rollout(3)).symlink_to("nowhere")
    (home / "sessions/linked").symlink_to(tmp_path / "outside")
    (home / "sessions/loop").symlink_to(home / "sessions")
    (home / "sessions/itself").symlink_to("itself")
    (home / "history.jsonl").symlink_to(outside)
    assert only(home).name.thread == uuid(1)
    assert codes(home) == {ProblemCode.SYMLINK: 5}
    assert find(home, day(home) / rollout(2)) is None
    assert find(home, home / "sessions/linked" / rollout(2)) is None
    assert find(home, home / "history.jsonl") is None


def test_a_linked_home_and_linked_session_folders_are_normal(home: Path, tmp_path: Path) -> None:
    (home / "sessions").rename(tmp_path / "big disk")
    (home / "sessions").symlink_to(tmp_path / "big disk")
    link = tmp_path / "link"
    link.symlink_to(home)
    assert only(link).path == str(link / "sessions/2026/11/21" / rollout(1))
    assert not scan(link).problems
    assert find(link, only(link).path) == only(link)


def test_a_home_that_does_not_exist_is_a_problem_and_no_error(tmp_path: Path) -> None:
    assert codes(tmp_path / "none") == {ProblemCode.NO_HOME: 1}
    assert codes(write(tmp_path / "file")) == {ProblemCode.NO_HOME: 1}


def test_the_history_of_a_home_without_sessions_is_found(tmp_path: Path) -> None:
    write(tmp_path / "history.jsonl")
    assert only(tmp_path).name.kind is Kind.HISTORY
    assert codes(tmp_path) == {ProblemCode.NO_SESSIONS: 1}


def test_a_forbidden_folder_is_reported_once_and_hides_nothing_else() -> None:
    with folder_everyone_may_enter() as home:
        write(day(home) / rollout(1))
        for number in (2, 3):
            write(day(home, "2026/11/22") / rollout(number))
            write(day(home, "2026/11/23") / rollout(number + 10))
        day(home, "2026/11/22").chmod(0o000)
        day(home, "2026/11/23").chmod(
            0o444
        )  # The names can be listed, but the files cannot be read.
        with as_a_user_without_rights():
            assert only(home).name.thread == uuid(1)
            assert codes(home) == {ProblemCode.UNREADABLE: 2}
        day(home, "2026/11/22").chmod(0o755)
        day(home, "2026/11/23").chmod(0o755)
        assert len(scan(home).found) == 5
        assert not scan(home).problems


def test_a_forbidden_home_is_unreadable_and_not_missing() -> None:
    with folder_everyone_may_enter() as folder:
        (folder / "home").mkdir(mode=0o700)
        (folder / "home").chmod(0o000)
        with as_a_user_without_rights():
            assert codes(folder / "home") == {ProblemCode.UNREADABLE: 1}


def test_a_disk_error_on_one_file_hides_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(day(home) / rollout(2))
    real = discovery._found

    def failing(parsed, path, archived, info):  # type: ignore[no-untyped-def]
        if uuid(1) in path:
            raise OSError(5, "Input/output error")
        return real(parsed, path, archived, info)

    monkeypatch.setattr(discovery, "_found", failing)
    assert only(home).name.thread == uuid(2)
    (problem,) = scan(home).problems
    assert problem.code is ProblemCode.UNREADABLE
    assert problem.message == "This cannot be read: Input/output error."


def test_a_file_that_vanishes_during_the_scan_is_no_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "sessions/2026/11/22" / rollout(2))
    write(home / "sessions/2026/11/23" / rollout(3))

    def vanishing(filename: str) -> object:
        if filename == "23":
            shutil.rmtree(home / "sessions/2026/11/23")
        elif filename == rollout(2):
            (day(home, "2026/11/22") / rollout(2)).unlink()
        return parse(filename)

    monkeypatch.setattr(discovery, "parse", vanishing)
    assert only(home).name.thread == uuid(1)
    assert not scan(home).problems


def test_an_index_file_that_fails_hides_no_session(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "history.jsonl")
    real = os.lstat

    def failing(path: str) -> os.stat_result:
        if path.endswith("history.jsonl"):
            raise OSError(116, "Stale file handle")
        return real(path)

    monkeypatch.setattr("ingest.tail.discovery.os.lstat", failing)
    assert only(home).name.thread == uuid(1)
    assert codes(home) == {ProblemCode.UNREADABLE: 1}


def test_no_message_contains_raw_bytes_of_a_path(home: Path) -> None:
    write(home / "sessions/\x1b]52;c;!\x07" / rollout(1))
    (problem,) = scan(home).problems
    assert "\x1b" in problem.path
    assert "\x1b" not in problem.message + problem.hint


def test_looking_up_one_path_agrees_with_the_scan(home: Path) -> None:
    write(home / "history.jsonl", b"1\n")
    write(home / "archived_sessions" / rollout(2), b"22\n")
    for found in scan(home).found:
        assert find(home, found.path) == found


def test_looking_up_a_compressed_file_finds_its_plain_file(home: Path) -> None:
    packed = write(day(home) / (rollout(1) + ".zst"))
    assert find(home, packed) == only(home)
    (day(home) / rollout(1)).unlink()
    assert find(home, packed) == only(home)
    assert only(home).representation is Representation.ZST


@pytest.mark.parametrize(
    "path",
    [
        "sessions/../../outside",
        "sessions",
        ".",
        rollout(1),
        "archived_sessions/2026/" + rollout(1),
        "sessions/history.jsonl",
        "sessions/" + rollout(99),
        "log/" + rollout(1),
    ],
)
def test_looking_up_a_path_outside_finds_nothing(home: Path, path: str) -> None:
    write(home / "log" / rollout(1))
    write(home / rollout(1))
    write(home / "archived_sessions/2026" / rollout(1))
    write(home / "sessions/history.jsonl")
    assert find(home, home / path) is None


def test_the_preferred_file_does_not_depend_on_the_order(home: Path) -> None:
    write(day(home, "2026/11/22") / (rollout(1) + ".zst"))
    first = find(home, day(home) / rollout(1))
    second = find(home, day(home, "2026/11/22") / (rollout(1) + ".zst"))
    assert first is not None
    assert second is not None
    assert preferred(first, second) is first
    assert preferred(second, first) is first
