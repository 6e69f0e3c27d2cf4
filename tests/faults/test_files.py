"""Files that grow, move, shrink and vanish, up to the whole home."""

import base64
import os
import shutil
import subprocess
import sys
from importlib.resources import files

import pytest

from ingest.pipeline.homes import homes
from ingest.pipeline.verify import verify
from tests.faults.fault_harness import ROOT, FaultHarness
from tests.unit.tail.builders import rollout

DAY = "sessions/2026/11/21"


@pytest.mark.fault("F12")
def test_a_file_with_a_time_in_the_far_future_is_read_normally(harness: FaultHarness) -> None:
    """Later than nanoseconds in 64 bits can express; not every file system supports that."""
    session = harness.session("chat")
    os.utime(session.path, (10_413_792_000, 10_413_792_000))
    harness.session("chat")
    harness.read()
    assert len(harness.cursors()) == 2
    assert set(harness.states()) == {"completed"}
    assert harness.read().lines == 0


def test_a_moved_home_continues_where_it_was(harness: FaultHarness) -> None:
    session = harness.session("chat")
    harness.session("plan")
    harness.read()
    before = harness.facts()
    harness.home.path = harness.home.path.rename(harness.folder / "elsewhere")
    assert harness.read().lines == 0
    assert harness.facts() == before == harness.expected_facts()
    assert harness.rows("select path from homes") == [(str(harness.home.path),)]
    assert harness.state_of(session) == "following"


def test_a_copy_of_a_home_is_another_home(harness: FaultHarness) -> None:
    harness.session("chat")
    harness.read()
    copy = harness.folder / "copy"
    shutil.copytree(harness.home.path, copy)
    harness.home.path = copy
    assert harness.read().lines > 0
    assert len(harness.rows("select path from homes")) == 2


# ── growing ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.fault("F01")
def test_lines_written_during_a_read_are_read_next_time(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = harness.session("chat")
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

    before = harness.expected_facts()
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", grows)
        harness.read()
    assert harness.facts() == before
    harness.read()
    assert harness.facts() == harness.expected_facts() != before


@pytest.mark.fault("F02", "F03")
def test_a_line_torn_by_a_crash_is_completed_once(harness: FaultHarness) -> None:
    session = harness.session("chat")
    lines = session.lines
    for cut in (1, 40, len(lines[-1]) - 1):
        whole = b"".join(lines[:-1])
        session.path.write_bytes(whole + lines[-1][:cut])
        harness.forget()
        harness.read()
        assert harness.rows(f"select partial from cursors where byte = {len(whole)}") == [(cut,)]
        session.path.write_bytes(whole + lines[-1])
        harness.read()
        assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F19")
@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\r\n", b'{"timestamp":', b" \n \t\n"])
def test_a_file_without_lines_causes_no_event_and_no_error(
    harness: FaultHarness, content: bytes
) -> None:
    path = harness.home.path / DAY / rollout()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    healthy = harness.session("chat")
    report = harness.read()
    assert set(report.batches) <= {"completed", "completed_empty"}
    assert harness.read().batches == {}
    assert not [fact for fact in harness.facts() if healthy.thread.id not in fact[:90]] or content


# ── moved, copied, replaced ─────────────────────────────────────────────────────────────────────
@pytest.mark.fault("F05", "F06", "F07", "F08")
def test_a_session_is_the_same_when_codex_archives_or_compresses_it(harness: FaultHarness) -> None:
    session = harness.session("plan")
    harness.read()
    facts = harness.facts()
    home = harness.home
    steps = (
        lambda: home.archive(session),
        lambda: home.unarchive(session),
        lambda: home.compress(session, keep_plain=True),
        lambda: session.path.unlink(),
        lambda: home.materialise(session),
    )
    for step in steps:
        step()
        report = harness.read()
        assert report.lines == 0
        assert harness.facts() == facts
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.flush_to_disk()
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert [row[0] for row in harness.rows("select count(*) from sources")] == [1]
    assert {row[0] for row in harness.rows("select generation from cursors")} == {0}


@pytest.mark.fault("F15")
def test_a_new_file_with_the_inode_of_a_deleted_one_is_another_file(harness: FaultHarness) -> None:
    gone = harness.session("chat")
    harness.read()
    inode = gone.path.stat().st_ino
    session = harness.home.session("g4")
    session.prompt("Somebody else")
    # As with file systems that reuse the inode of a deleted file at once.
    gone.path.rename(session.path)
    session.write()
    assert session.path.stat().st_ino == inode
    harness.read()
    assert harness.state_of(gone) == "missing"
    facts = harness.facts()
    assert any(session.thread.id in fact for fact in facts)
    assert any(gone.thread.id in fact for fact in facts)
    # The same name and inode with other bytes: a new generation, without anything of the old one.
    session.path.write_bytes(session.bytes().replace(b"Somebody else", b"Nobody at all"))
    gone.write()
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F12", "F11")
@pytest.mark.parametrize("longer", [True, False])
def test_a_file_rewritten_between_two_scans_is_read_again(
    harness: FaultHarness, longer: bool
) -> None:
    session = harness.session("partial")
    harness.read()
    size = session.path.stat().st_size
    other = session.bytes().replace(b"parser refactoring", b"lexer refactoring")
    session.path.write_bytes(other + other if longer else other[: size // 2])
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.rows("select rewrites from cursors") == [(1,)]


@pytest.mark.fault("F41")
def test_a_rewrite_that_keeps_the_compared_bytes_and_grows_counts_as_an_append(
    harness: FaultHarness,
) -> None:
    """A limit, stated in the README: the first 4 KiB and the last 256 bytes are compared."""
    session = harness.session("tour")
    harness.read()
    data = session.bytes()
    middle = data[4096:-256]
    assert b"look at files" in middle
    rewritten = data[:4096] + middle.replace(b"look at files", b"READ at files") + data[-256:]
    session.path.write_bytes(rewritten + b'{"type":"a_new_kind"}\n')
    assert harness.read().lines == 1
    assert harness.rows("select rewrites from cursors") == [(0,)]
    assert not any("READ at files" in fact for fact in harness.facts())
    session.path.write_bytes(b"\n" + rewritten)
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F13")
def test_a_list_that_lost_its_head_keeps_old_rows_and_rejected_lines_once(
    harness: FaultHarness,
) -> None:
    session = harness.session("chat")
    for number in range(8):
        harness.home.history(session, f"prompt {number % 5}", ts=1_795_000_000)
    with harness.home.history_path.open("ab") as file:
        file.write(b"no row at all\n")
    harness.read()
    harness.home.trim_history(keep=3)
    harness.read()
    harness.home.history(session, "prompt 9", ts=1_795_000_000)
    harness.read()
    texts = [row[0] for row in harness.rows("select text from prompts order by text")]
    assert texts == sorted([f"prompt {number % 5}" for number in range(8)] + ["prompt 9"])
    assert harness.rows("select count(*) from rejects") == [(1,)]


@pytest.mark.fault("A09")
def test_a_list_that_lost_its_head_verifies_and_its_prompts_have_their_new_offsets(
    harness: FaultHarness,
) -> None:
    session = harness.session("chat")

    def check() -> tuple[bool, str]:
        with harness.open() as database:
            found = verify(database, homes([harness.home.path]), "2026-11-22T00:00:00", deep=True)
            (history,) = (one for one in found if one.path == str(harness.home.history_path))
        return history.ok, history.detail

    for number in range(6):
        harness.home.history(session, f"prompt {number % 5}", ts=1_795_000_000)
    harness.read()
    assert check() == (True, "")
    for kept, gone in ((4, 2), (1, 5)):
        harness.home.trim_history(kept)
        harness.read()
        assert check() == (True, f"{gone} older prompts are kept that the file no longer contains")
        whole = harness.home.history_path.read_bytes()
        result = harness.rows("select byte, text, length from v_prompts order by byte nulls first")
        assert [byte for byte, _, _ in result[:gone]] == [None] * gone
        for byte, text, length in result[gone:]:
            assert f'"text":"{text}"'.encode() in whole[byte : byte + length]


@pytest.mark.fault("A09")
def test_an_upgrade_corrects_the_offsets_of_prompts_that_were_cut_off_before(
    harness: FaultHarness,
) -> None:
    session = harness.session("chat")
    for number in range(4):
        harness.home.history(session, f"prompt {number}")
    harness.read()
    harness.home.trim_history(2)
    harness.read()
    with harness.open() as database:
        # As an older version stored it.
        database.execute("update prompts set byte = -1 - byte where byte < 0")
        step = files("ingest.db.migrations").joinpath("0006_places.sql").read_text()
        database.execute(step)
    harness.read()
    found = harness.rows("select text from v_prompts where byte is null order by text")
    assert found == [("prompt 0",), ("prompt 1",)]


@pytest.mark.fault("F13")
def test_the_rejected_lines_of_a_list_are_those_in_the_present_file(harness: FaultHarness) -> None:
    session = harness.session("chat")
    for beginning in (b"{bad", b"{worse"):
        harness.home.history_path.write_bytes(beginning + b"\n")
        for number in range(8):
            harness.home.history(session, f"prompt {number}", ts=1_795_000_000)
        harness.read()
        result = harness.rows("select id, length, head from v_rejects")
        (source,) = harness.rows("select id || ':0' from sources where kind = 'history'")
        kept = base64.b64encode(beginning).decode()
        assert result == [(*source, len(beginning), kept)]
    assert harness.rows("select count(*) from prompts") == [(8,)]
    # A rejected line that moves with its list is reported at its present offset.
    harness.home.history_path.write_bytes(b"\n{worse\n")
    harness.read()
    assert harness.rows("select byte from v_rejects") == [(1,)]


@pytest.mark.fault("F13")
def test_a_list_that_is_scanned_while_it_is_empty_loses_nothing(
    harness: FaultHarness,
) -> None:
    session = harness.session("chat")
    for number in range(6):
        harness.home.history(session, f"prompt {number}", ts=1_795_000_000)
    harness.read()
    rest = harness.home.history_path.read_bytes().split(b"\n")[4:]
    os.truncate(harness.home.history_path, 0)
    harness.read()
    assert harness.rows("select count(*) from prompts") == [(6,)]
    harness.home.history_path.write_bytes(b"\n".join(rest))
    harness.read()
    assert harness.rows("select count(*) from prompts") == [(6,)]


@pytest.mark.fault("F17")
def test_a_file_that_is_missing_for_a_while_continues_where_it_was(harness: FaultHarness) -> None:
    session = harness.session("chat")
    healthy = harness.session("partial")
    harness.read()
    facts = harness.facts()
    elsewhere = session.path.rename(harness.folder / "elsewhere")
    harness.read()
    assert harness.state_of(session) == "missing"
    assert harness.state_of(healthy) == "following"
    assert harness.facts() == facts
    elsewhere.rename(session.path)
    assert harness.read().lines == 0
    assert harness.state_of(session) == "following"
    assert harness.facts() == facts


@pytest.mark.fault("F18")
@pytest.mark.parametrize("what", ["the home", "the sessions"])
def test_a_missing_root_is_reported_once_and_loses_nothing(
    harness: FaultHarness, what: str
) -> None:
    sessions = [harness.session("chat") for _ in range(4)]
    harness.read()
    facts = harness.facts()
    root = harness.home.path if what == "the home" else harness.home.path / "sessions"
    gone = root.rename(harness.folder / "gone")
    report = harness.read()
    assert report.batches == {}
    assert len(harness.problems()) == 1
    assert {harness.state_of(session) for session in sessions} == {"following"}
    assert harness.facts() == facts
    gone.rename(root)
    assert harness.read().lines == 0
    assert harness.problems() == []
    assert harness.facts() == facts == harness.expected_facts()


@pytest.mark.skipif(sys.platform != "linux", reason="how much memory was used is asked of /proc")
@pytest.mark.fault("F26", "L07")
def test_a_huge_line_in_a_huge_file_needs_little_memory(harness: FaultHarness) -> None:
    """A hole of four hundred megabytes without a newline, between two real lines."""
    session = harness.session("chat")
    lines = session.lines
    with session.path.open("r+b") as file:
        file.truncate(len(b"".join(lines[:-1])))
        file.seek(400 << 20, os.SEEK_END)
        file.write(b"\n" + lines[-1])
    program = (
        "from tests.faults.fault_harness import *\n"
        f"harness = FaultHarness(Path({str(harness.folder)!r}))\n"
        "with harness.open() as database:\n"
        "    harness.owner(database, RunSettings(line_cap=1 << 20)).read_once()\n"
        # The peak of this process, without that of its parent.
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.partition('VmHWM:')[2].split()[0]) // 1024)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) < 300
    ((length,),) = harness.rows("select length from rejects")
    assert length == 400 << 20
