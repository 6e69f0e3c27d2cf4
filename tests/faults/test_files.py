"""What can be wrong with files, from the home down to a single one; the others always go on."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
import zstandard

from ingest.tail.zst import Caps, ZstReader
from ingest.worker.drain import Tuning
from ingest.worker.verify import verify
from tests.build.home import Home
from tests.build.rollout import Rollout
from tests.faults.place import FIRST, ROOT, Place
from tests.unit.tail.builders import NOBODY, as_a_user_without_rights, rollout

AFTER = FIRST.replace(day=22)
DAY = "sessions/2026/11/21"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def problems(place: Place) -> list[tuple[str, str]]:
    return sorted(
        (code, Path(path).name) for code, path in place.rows("select code, path from problems")
    )


def state_of(place: Place, session: Rollout) -> str:
    (found,) = place.rows(f"select state from sources where thread = '{session.thread.id}'")
    return str(found[0])


# ── growing ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.fault("F01")
def test_what_is_written_while_a_file_is_read_is_read_next_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = place.session("chat")
    session.prompt("One more thing")
    late = session.bytes()[session.path.stat().st_size :]
    pread, written = os.pread, False

    def grows(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal written
        if not written:
            written = True
            with session.path.open("ab") as file:
                file.write(late)
        return pread(descriptor, length, offset)

    before = place.quiet()
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", grows)
        place.read(Tuning())
    assert place.facts() == before
    place.read()
    assert place.facts() == place.quiet() != before


@pytest.mark.fault("F02", "F03")
def test_a_line_torn_by_a_crash_is_completed_once(place: Place) -> None:
    session = place.session("chat")
    lines = session.lines
    for cut in (1, 40, len(lines[-1]) - 1):
        whole = b"".join(lines[:-1])
        session.path.write_bytes(whole + lines[-1][:cut])
        place.forget()
        place.read()
        assert place.rows(f"select partial from cursors where byte = {len(whole)}") == [(cut,)]
        session.path.write_bytes(whole + lines[-1])
        place.read()
        assert place.facts() == place.quiet()


@pytest.mark.fault("F19")
@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\r\n", b'{"timestamp":', b" \n \t\n"])
def test_a_file_with_nothing_in_it_is_no_event_and_no_error(place: Place, content: bytes) -> None:
    path = place.home.path / DAY / rollout()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    healthy = place.session("chat")
    report = place.read()
    assert set(report.batches) <= {"completed", "completed_empty"}
    assert place.read().batches == {}
    assert not [fact for fact in place.facts() if healthy.thread.id not in fact[:90]] or content


# ── moved, copied, replaced ─────────────────────────────────────────────────────────────────────


@pytest.mark.fault("F05", "F06", "F07", "F08")
def test_a_session_is_the_same_wherever_and_however_codex_keeps_it(place: Place) -> None:
    session = place.session("plan")
    place.read()
    facts = place.facts()
    home = place.home
    steps = (
        lambda: home.archive(session),
        lambda: home.unarchive(session),
        lambda: home.compress(session, keep_plain=True),
        lambda: session.path.unlink(),
        lambda: home.materialise(session),
    )
    for step in steps:
        step()
        report = place.read()
        assert report.lines == 0
        assert place.facts() == facts
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.flush_to_disk()
    place.read()
    assert place.facts() == place.quiet()
    assert [row[0] for row in place.rows("select count(*) from sources")] == [1]
    assert {row[0] for row in place.rows("select generation from cursors")} == {0}


@pytest.mark.fault("F15")
def test_a_new_file_with_the_inode_of_a_deleted_one_is_another_file(place: Place) -> None:
    gone = place.session("chat")
    place.read()
    inode = gone.path.stat().st_ino
    session = place.home.session("g4")
    session.prompt("Somebody else")
    # As a file system does that gives a freed inode to the next who asks.
    gone.path.rename(session.path)
    session.write()
    assert session.path.stat().st_ino == inode
    place.read()
    assert state_of(place, gone) == "missing"
    facts = place.facts()
    assert any(session.thread.id in fact for fact in facts)
    assert any(gone.thread.id in fact for fact in facts)
    # The same name with other bytes, inode and all: a new generation, and nothing of the old one.
    session.path.write_bytes(session.bytes().replace(b"Somebody else", b"Nobody at all"))
    gone.write()
    place.read()
    assert place.facts() == place.quiet()


@pytest.mark.fault("F12", "F11")
@pytest.mark.parametrize("longer", [True, False])
def test_a_file_written_anew_between_two_looks_is_read_anew(place: Place, longer: bool) -> None:
    session = place.session("partial")
    place.read()
    size = session.path.stat().st_size
    other = session.bytes().replace(b"parser refactoring", b"lexer refactoring")
    session.path.write_bytes(other + other if longer else other[: size // 2])
    place.read()
    assert place.facts() == place.quiet()
    assert place.rows("select rewrites from cursors") == [(1,)]


@pytest.mark.fault("F13")
def test_a_list_whose_head_is_cut_off_keeps_the_old_rows_and_its_rejected_lines_once(
    place: Place,
) -> None:
    session = place.session("chat")
    for number in range(8):
        place.home.history(session, f"prompt {number % 5}", ts=1_795_000_000)
    with place.home.history_path.open("ab") as file:
        file.write(b"no row at all\n")
    place.read()
    place.home.trim_history(keep=3)
    place.read()
    place.home.history(session, "prompt 9", ts=1_795_000_000)
    place.read()
    texts = [row[0] for row in place.rows("select text from prompts order by text")]
    assert texts == sorted([f"prompt {number % 5}" for number in range(8)] + ["prompt 9"])
    assert place.rows("select count(*) from rejects") == [(1,)]


@pytest.mark.fault("F13")
def test_a_list_that_is_looked_at_between_emptying_and_writing_loses_nothing(place: Place) -> None:
    session = place.session("chat")
    for number in range(6):
        place.home.history(session, f"prompt {number}", ts=1_795_000_000)
    place.read()
    rest = place.home.history_path.read_bytes().split(b"\n")[4:]
    os.truncate(place.home.history_path, 0)
    place.read()
    assert place.rows("select count(*) from prompts") == [(6,)]
    place.home.history_path.write_bytes(b"\n".join(rest))
    place.read()
    assert place.rows("select count(*) from prompts") == [(6,)]


@pytest.mark.fault("F17")
def test_a_file_that_is_gone_for_a_while_goes_on_where_it_was(place: Place) -> None:
    session = place.session("chat")
    healthy = place.session("partial")
    place.read()
    facts = place.facts()
    elsewhere = session.path.rename(place.folder / "elsewhere")
    place.read()
    assert state_of(place, session) == "missing"
    assert state_of(place, healthy) == "following"
    assert place.facts() == facts
    elsewhere.rename(session.path)
    assert place.read().lines == 0
    assert state_of(place, session) == "following"
    assert place.facts() == facts


@pytest.mark.fault("F18")
@pytest.mark.parametrize("what", ["the home", "the sessions"])
def test_a_root_that_vanishes_is_one_alert_and_no_loss(place: Place, what: str) -> None:
    sessions = [place.session("chat") for _ in range(4)]
    place.read()
    facts = place.facts()
    root = place.home.path if what == "the home" else place.home.path / "sessions"
    gone = root.rename(place.folder / "gone")
    report = place.read()
    assert report.batches == {}
    assert len(problems(place)) == 1
    assert {state_of(place, session) for session in sessions} == {"following"}
    assert place.facts() == facts
    gone.rename(root)
    assert place.read().lines == 0
    assert problems(place) == []
    assert place.facts() == facts == place.quiet()


# ── what is no file, or may not be read ─────────────────────────────────────────────────────────


@pytest.mark.fault("F23", "F24")
def test_what_only_has_the_name_of_a_session_is_named_and_left_alone(place: Place) -> None:
    place.session("chat")
    day = place.home.path / DAY
    os.mkfifo(day / rollout(1))
    (day / rollout(2)).mkdir()
    with contextlib.chdir(day), socket.socket(socket.AF_UNIX) as one:
        one.bind(rollout(3))
    outside = place.folder / "outside.jsonl"
    outside.write_bytes(b'{"not": "ours"}\n')
    (day / rollout(4)).symlink_to(outside)
    (day / rollout(5)).symlink_to(day / rollout(5))
    (day / "loop").symlink_to(place.home.path / "sessions")
    for _ in range(2):
        report = place.read()
        assert set(report.batches) <= {"completed"}
    assert problems(place) == [
        *[("special", rollout(number)) for number in (1, 2, 3)],
        ("symlink", "loop"),
        *[("symlink", rollout(number)) for number in (4, 5)],
    ]
    assert place.facts() == place.quiet()


@pytest.mark.fault("F23")
def test_a_file_that_becomes_a_pipe_between_looking_and_opening_stops_nobody(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = place.session("plan")
    healthy = place.session("chat")
    with place.open() as database:
        owner = place.owner(database)
        found = owner.survey()
        session.path.unlink()
        os.mkfifo(session.path)
        report = owner.read(found.changed)
    assert report.batches["dead"] == 1
    facts = place.facts()
    assert any(healthy.thread.id in fact for fact in facts)
    # Once it is a file again, it is read: nothing has to be told to anybody.
    session.path.unlink()
    session.write()
    with session.path.open("ab") as file:
        file.write(b"\n")
    place.read()
    assert place.facts() == place.quiet()


@pytest.mark.fault("F24")
def test_a_home_that_is_a_link_is_read(place: Place, tmp_path: Path) -> None:
    place.session("chat")
    place.home.path.rename(tmp_path / "other disk")
    place.home.path.symlink_to(tmp_path / "other disk")
    place.read()
    assert place.facts() == place.quiet()
    assert place.facts()


@pytest.fixture
def shared() -> Iterator[Place]:
    """A place that belongs to somebody without the rights of root."""
    folder = Path(tempfile.mkdtemp(prefix="shared-"))
    folder.chmod(0o777)
    yield Place(folder)
    shutil.rmtree(folder)


@pytest.mark.fault("F20")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_permission_that_was_lost_and_is_given_back_is_all_that_is_needed(
    shared: Place, what: str
) -> None:
    session = shared.session("chat")
    shared.home.clock.tick(3 * 86_400_000)
    healthy = shared.session("partial")
    for path in [shared.home.path, *shared.home.path.rglob("*")]:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    locked = session.path if what == "file" else session.path.parent
    locked.chmod(0)
    with as_a_user_without_rights():
        report = shared.read()
        assert report.lines
        for _ in range(10):  # However often it is tried meanwhile.
            shared.now = shared.now.replace(day=shared.now.day - 1)
            shared.read()
        facts = shared.facts()
        assert any(healthy.thread.id in fact for fact in facts)
        assert not any(session.thread.id in fact for fact in facts)
        if what == "file":
            assert state_of(shared, session) == "unreadable"
            hints = shared.rows("select distinct error_hint from batches where error_hint <> ''")
            assert "chmod" in hints[0][0]
        else:
            assert problems(shared) == [("unreadable", session.path.parent.name)]
        locked.chmod(0o700)
        shared.read()
        assert shared.facts() == shared.quiet()
        assert state_of(shared, session) == "following"
        assert problems(shared) == []


@pytest.mark.fault("F18", "F20")
def test_one_bad_file_among_twenty_stops_none_of_the_others(place: Place) -> None:
    sessions = [place.session("chat") for _ in range(20)]
    bad = sessions[7]
    place.home.compress(bad)
    packed = bad.path.with_name(bad.path.name + ".zst")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    report = place.read()
    assert report.batches == {"completed": report.batches["completed"], "failed": 1}
    threads = {session.thread.id for session in sessions} - {bad.thread.id}
    assert {row[0] for row in place.rows("select thread from segments")} == threads
    packed.write_bytes(whole)
    place.now = AFTER
    place.read()
    assert place.facts() == place.quiet()
    assert state_of(place, bad) == "following"


# ── compressed ones ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.fault("F09")
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("read_before", [True, False])
def test_a_compressed_file_that_is_not_whole_moves_nothing(
    place: Place, part: float, read_before: bool
) -> None:
    session = place.session("plan")
    if read_before:
        place.read()
    place.home.compress(session)
    packed = session.path.with_name(session.path.name + ".zst")
    packed.with_name(packed.name + ".tmp").write_bytes(b"half")
    whole = packed.read_bytes()
    before = place.facts()
    packed.write_bytes(whole[: int(len(whole) * part)])
    place.read()
    assert place.facts() == before
    assert state_of(place, session) == "damaged"
    packed.write_bytes(whole)
    place.now = AFTER
    place.read()
    assert place.facts() == place.quiet()
    assert state_of(place, session) == "following"


@pytest.mark.fault("F09")
@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_in_a_compressed_file_moves_nothing(place: Place, seed: int) -> None:
    session = place.session("plan")
    place.home.compress(session)
    packed = session.path.with_name(session.path.name + ".zst")
    whole = packed.read_bytes()
    at = len(whole) * (seed * 2 + 1) // 20
    packed.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
    place.read()
    assert place.facts() == []
    assert state_of(place, session) in ("damaged", "too_large")


@pytest.mark.fault("F10")
def test_a_bomb_is_refused_and_its_plain_twin_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZstReader.__init__, "__defaults__", (Caps(size=1 << 20, ratio=20),))
    session = place.session("chat")
    healthy = place.session("partial")
    packed = session.path.with_name(session.path.name + ".zst")
    session.path.unlink()
    packed.write_bytes(zstandard.compress(b" " * (64 << 20)))
    report = place.read()
    assert report.batches["dead"] == 1
    assert state_of(place, session) == "too_large"
    assert any(healthy.thread.id in fact for fact in place.facts())
    session.write()
    place.read()
    assert place.facts() == place.quiet()
    assert state_of(place, session) == "following"


# ── Codex's files are not ours ──────────────────────────────────────────────────────────────────


def everything(home: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(home.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (
            *(content, info.st_ino, info.st_mode, info.st_nlink, info.st_uid, info.st_size),
            *(info.st_mtime_ns, info.st_ctime_ns),
        )
    return found


def busy_home(place: Place) -> Home:
    for which in ("plan", "tour", "agents", "compact"):
        session = place.session(which)
        place.home.history(session, "a prompt")
        place.home.name(session, "a name")
    place.home.archive(place.session("chat"))
    place.home.compress(place.session("chat"))
    place.home.compress(place.session("chat"), keep_plain=True)
    place.home.lock(session)
    session.path.write_bytes(session.bytes()[:-10])
    return place.home


def ingest_follow_verify(place: Place) -> None:
    place.read(Tuning(batch_bytes=50_000), readers=2)
    with place.open() as database:
        owner = place.owner(database, Tuning())
        owner.once()
        # One whole sweep, and then an end.
        owner.follow(_OneRound(), lambda _: None)
        checks = list(verify(database, owner.homes, "2026-11-21T12:00:00", deep=True))
        assert checks
        assert all(check.ok for check in checks), [one.detail for one in checks if not one.ok]


class _OneRound(Event):
    """Set as soon as it was asked twice."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 2


@pytest.mark.fault("F01", "F05", "F20")
def test_nothing_of_codex_is_written_moved_or_locked(place: Place) -> None:
    home = busy_home(place)
    before = everything(home.path)
    ingest_follow_verify(place)
    assert everything(home.path) == before
    locks = Path("/proc/locks").read_text() if Path("/proc/locks").exists() else ""
    inodes = {str(value[1]) for value in before.values()}
    assert not [line for line in locks.splitlines() if line.split(":")[-1].split()[0] in inodes]


@pytest.mark.fault("F01")
def test_a_home_that_cannot_be_written_is_read_as_any_other(place: Place) -> None:
    home = busy_home(place)
    quiet = place.quiet()
    bound = subprocess.run(
        ["mount", "--bind", home.path, home.path], capture_output=True, check=False
    )
    if bound.returncode:
        pytest.skip("binding a folder read-only is not permitted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", home.path], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (home.path / "x").touch()
        ingest_follow_verify(place)
        assert place.facts() == quiet
    finally:
        subprocess.run(["umount", "-l", home.path], check=True)


@pytest.mark.fault("P01")
@pytest.mark.parametrize("mask", [0o022, 0o000, 0o077])
def test_whatever_the_umask_what_we_create_is_for_its_user_alone(place: Place, mask: int) -> None:
    busy_home(place)
    os.umask(mask)
    place.path = place.folder / "a" / "b" / "tailboard.duckdb"
    modes: dict[str, int] = {}

    def look(_: object) -> None:
        for path in [place.folder / "a", *(place.folder / "a").rglob("*")]:
            modes[str(path)] = path.stat().st_mode & 0o777 if path.exists() else 0o600

    with place.open() as database:
        owner = place.owner(database)
        owner.once(lambda *_: look(None))
        look(None)
    place.path.write_bytes(place.path.read_bytes()[:20_000])
    place.told.clear()
    place.read()
    assert place.told
    look(None)
    assert any(name.endswith(".wal") for name in modes)
    assert any("recovery" in name for name in modes)
    for name, mode in modes.items():
        assert mode == (0o700 if Path(name).is_dir() else 0o600), name


@pytest.mark.fault("F26", "L07")
def test_a_huge_file_with_a_huge_line_is_read_in_little_memory(place: Place) -> None:
    """A hole of four hundred megabytes without a newline, between two real lines."""
    session = place.session("chat")
    lines = session.lines
    with session.path.open("r+b") as file:
        file.truncate(len(b"".join(lines[:-1])))
        file.seek(400 << 20, os.SEEK_END)
        file.write(b"\n" + lines[-1])
    program = (
        "import resource\n"
        "from tests.faults.place import *\n"
        f"place = Place(Path({str(place.folder)!r}))\n"
        "with place.open() as database:\n"
        "    place.owner(database, Tuning(line_cap=1 << 20)).once()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) < 300
    ((length,),) = place.rows("select length from rejects")
    assert length == 400 << 20
