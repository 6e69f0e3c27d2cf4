"""Files of the builders behave like those of Codex: they grow, move, are compressed and trimmed."""

import json
from datetime import timedelta, timezone
from pathlib import Path

import zstandard

from tests.build import Home
from tests.build import scenarios as script


def test_session_file_is_in_the_folder_of_its_local_day(tmp_path: Path) -> None:
    home = Home(tmp_path, zone=timezone(timedelta(hours=-9)))
    session = home.session()
    name = f"rollout-2026-11-20T23-00-00-{session.thread.id}.jsonl"
    assert session.path == tmp_path / "sessions" / "2026" / "11" / "20" / name


def test_appending_lines_keeps_the_inode(tmp_path: Path) -> None:
    session = script.chat(Home(tmp_path))
    session.flush_to_disk(2)
    inode = session.path.stat().st_ino
    assert session.path.read_bytes() == b"".join(session.lines[:2])
    session.write_partial(17)
    assert session.path.read_bytes() == b"".join(session.lines[:2]) + session.lines[2][:17]
    session.flush_to_disk(1)
    assert session.path.read_bytes() == b"".join(session.lines[:3])
    session.prompt("more")
    session.end_turn("sure")
    session.flush_to_disk()
    assert session.path.read_bytes() == session.bytes()
    assert session.path.stat().st_ino == inode
    assert session.unwritten == 0


def test_archive_and_unarchive_move_the_same_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    session = script.chat(home)
    path = session.write()
    inode = path.stat().st_ino
    assert home.archive(session) == tmp_path / "archived_sessions" / path.name
    assert home.unarchive(session) == path
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime == home.clock.seconds


def test_compression_keeps_mtime_and_content(tmp_path: Path) -> None:
    home = Home(tmp_path)
    session = script.chat(home)
    before = session.write().stat().st_mtime_ns
    packed = home.compress(session)
    assert packed.stat().st_mtime_ns == before
    assert not session.path.exists()
    unpacked = zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read()
    assert unpacked == session.bytes()
    assert home.materialise(session).read_bytes() == session.bytes()
    assert not packed.exists()
    home.compress(session, keep_plain=True)
    assert session.path.exists()


def test_history_is_trimmed_in_place(tmp_path: Path) -> None:
    home = Home(tmp_path)
    session = home.session()
    for number in range(5):
        home.history(session, f"prompt {number}", 1_795_248_000 + number)
    inode = home.history_path.stat().st_ino
    home.trim_history(2)
    lines = [json.loads(line) for line in home.history_path.read_text().splitlines()]
    assert [line["text"] for line in lines] == ["prompt 3", "prompt 4"]
    assert list(lines[0]) == ["session_id", "ts", "text"]
    assert home.history_path.stat().st_ino == inode


def test_renames_are_appended_and_some_releases_record_them_in_the_session(tmp_path: Path) -> None:
    home = Home(tmp_path)
    session = script.chat(home, "g3", "0.125.0")
    home.name(session, "First")
    index = home.name(session, "Second")
    result = [json.loads(line) for line in index.read_text().splitlines()]
    assert [(line["id"], line["thread_name"]) for line in result] == [
        (session.thread.id, "First"),
        (session.thread.id, "Second"),
    ]
    last = json.loads(session.lines[-1])
    assert last["payload"]["thread_name"] == "Second"


def test_every_typescript_save_writes_a_new_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    text = [{"type": "message", "role": "user", "content": []}]
    first, second = home.typescript(text), home.typescript(text * 2)
    assert first != second
    result = json.loads(second.read_text())
    assert result["items"] == text * 2
    assert result["session"]["id"] in second.name


def test_a_live_thread_has_a_lock(tmp_path: Path) -> None:
    home = Home(tmp_path)
    session = home.session()
    assert home.lock(session) == tmp_path / "thread-writer-locks" / f"{session.thread.id}.lock"
    assert home.lock(session).exists()
