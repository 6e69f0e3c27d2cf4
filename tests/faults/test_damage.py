"""A database that is damaged, foreign or newer: it is reported, set aside and rebuilt."""

import os
import random
import re
from pathlib import Path

import _duckdb
import pytest

from ingest.db import database as store
from ingest.db import recovery
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES
from ingest.db.probe import probe
from ingest.db.recovery import open_database
from ingest.errors import Damaged, ForeignFile
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.server import owner_file
from ingest.server.owner_file import Role
from tests.facts_dump import dump
from tests.faults.damage import Damage, flipped
from tests.faults.driver import kill, start
from tests.faults.fault_harness import FaultHarness
from tests.soak import SOAK

NUMBER_OF_FLIPS = 60 if SOAK else 6


@pytest.mark.fault("D06", "P01")
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.9, 0.99])
def test_a_truncated_log_is_used_up_to_its_end(damage: Damage, part: float) -> None:
    damage.put(log=damage.log[: int(len(damage.log) * part)])
    assert damage.check_repair() == []


@pytest.mark.fault("D06")
def test_a_log_with_a_tail_of_zeros_loses_nothing(damage: Damage) -> None:
    harness = damage.put(log=damage.log + bytes(4096))
    with harness.open() as database:
        assert list(dump(database)) == damage.expected_facts
    assert harness.notes == []


@pytest.mark.fault("D06", "D07")
@pytest.mark.parametrize("seed", range(NUMBER_OF_FLIPS))
def test_after_a_flipped_bit_in_the_log_the_files_are_read_again(damage: Damage, seed: int) -> None:
    chance = random.Random(seed)
    at = chance.randrange(len(damage.log))
    damaged = flipped(damage.log, at, chance.randrange(8))
    damage.put(log=damaged)
    notes = damage.check_repair()
    # A flipped bit in a length looks like a torn end: nothing is reported, and nothing is missing.
    if notes:
        assert "was damaged" in notes[0]
        assert "All of its log but the last" in notes[-1] or "set aside" in notes[-1]
        recovered_files = damage.recovered_files()
        assert recovered_files["tailboard.duckdb.wal"] == damaged
        assert recovered_files["tailboard.duckdb"] == damage.file


@pytest.mark.fault("D06")
def test_log_entries_before_the_damage_are_saved(damage: Damage) -> None:
    harness = damage.put(log=flipped(damage.log, len(damage.log) * 3 // 4))
    with harness.open() as database:
        saved = len(list(dump(database)))
    assert "All of its log but the last" in harness.notes[-1]
    assert saved > 0
    report = harness.read()
    assert (
        0
        < report.bytes_read
        < sum(file.stat().st_size for file in harness.home.path.rglob("*.jsonl"))
    )


@pytest.mark.fault("D07")
@pytest.mark.parametrize("byte", range(8) if SOAK else (0, 1, 7))
def test_a_flipped_length_in_the_log_is_repaired(damage: Damage, byte: int) -> None:
    # The engine names the offset after the head of an entry: eight bytes of length, eight of
    # checksum.
    harness = damage.put(log=flipped(damage.log, len(damage.log) // 2))
    named = re.search(r"byte position (\d+)", probe(harness.path) or "")
    assert named is not None
    damage.put(log=flipped(damage.log, int(named[1]) - 16 + byte))
    damage.check_repair()


@pytest.mark.fault("D06")
def test_a_log_whose_second_half_never_reached_the_disk(damage: Damage) -> None:
    half = len(damage.log) // 2
    damage.put(log=damage.log[:half] + bytes(half))
    assert "was damaged" in damage.check_repair()[0]


@pytest.mark.fault("D09")
def test_data_of_a_deleted_log_is_read_again(damage: Damage) -> None:
    damage.put().log.unlink()
    assert damage.check_repair() == []


@pytest.mark.fault("D09")
def test_the_log_of_another_database_is_set_aside(damage: Damage, tmp_path: Path) -> None:
    other = FaultHarness(tmp_path)
    other.session("chat")
    child = start(other)
    assert child.stdout is not None
    assert child.stdout.readline() == b"reading\n"
    kill(child)
    foreign = other.log.read_bytes()
    damage.put(log=foreign)
    notes = damage.check_repair()
    assert "set aside" in notes[-1]
    assert damage.recovered_files()["tailboard.duckdb.wal"] == foreign


@pytest.mark.fault("D09")
def test_a_log_without_its_database_is_kept_and_reported(damage: Damage) -> None:
    damage.put().path.unlink()
    assert "only its log is left" in damage.check_repair()[0]
    assert damage.recovered_files()["tailboard.duckdb.wal"] == damage.log


@pytest.mark.fault("D09")
def test_a_recovery_is_noted_before_a_client_can_connect(damage: Damage) -> None:
    """A dashboard reads the notes when it connects; later ones are never shown."""
    path = damage.put().path
    path.unlink()
    connectable: list[bool] = []

    def note(_: str) -> None:
        connectable.append(owner_file.read(path) is not None)

    found = start_or_connect(path, ServerOptions([], Role.FOLLOW), note=note)
    assert isinstance(found, RunningServer)
    with found:
        assert connectable
        assert not any(connectable)
        assert owner_file.read(path) is not None


@pytest.mark.fault("D09", "D19")
def test_a_restored_old_database_reads_what_is_missing_and_duplicates_nothing(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.session("chat")
    harness.read()
    old = harness.path.read_bytes()
    harness.session("plan")
    session.prompt("And another one")
    session.end_turn("Done.")
    session.flush_to_disk()
    harness.read()
    harness.path.write_bytes(old)
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.notes == []


@pytest.mark.fault("D08")
@pytest.mark.parametrize(
    "what", ["zeros", "a text", "half of it", "no header", "both headers", "a few bytes"]
)
def test_an_overwritten_database_is_set_aside_and_rebuilt(damage: Damage, what: str) -> None:
    file = damage.file
    broken = {
        "zeros": bytes(len(file)),
        "a text": b"Dear diary,\n" * 1_000,
        "half of it": file[: len(file) // 2],
        "no header": flipped(file, 9),
        "both headers": file[:4_100] + bytes(8_000) + file[12_100:],
        "a few bytes": file[:100],
    }[what]
    damage.put(file=broken).log.unlink()
    notes = damage.check_repair()
    assert "a new one created" in notes[-1]
    assert damage.recovered_files()["tailboard.duckdb"] == broken


@pytest.mark.fault("D08")
def test_a_corrupt_block_marks_the_file_as_damaged_and_the_next_start_rebuilds_it(
    damage: Damage,
) -> None:
    harness = damage.put()
    harness.read()  # Now everything is in the file, and nothing in the log.
    assert not harness.log.exists()
    whole = harness.path.read_bytes()
    at = whole.find(b"Fix the failing unicode test") // 4096 * 4096
    assert at > 12_288
    harness.path.write_bytes(whole[:at] + bytes(4_096) + whole[at + 4_096 :])
    with harness.open() as database, pytest.raises(Damaged, match="checksum"):
        _read_everything(database)
    assert store.damage_marker(harness.path).exists()
    notes = damage.check_repair()
    assert "a new one created" in notes[-1]
    assert not store.damage_marker(harness.path).exists()


def _read_everything(database: Database) -> None:
    for table in (*FACT_TABLES, "cursors", "batches"):
        with database.transaction():
            database.execute(f"select bit_xor(hash(t)) from {table} t").fetchall()


@pytest.mark.fault("D08")
def test_a_healthy_file_that_is_marked_as_damaged_is_checked_and_kept(damage: Damage) -> None:
    harness = damage.put()
    store.mark_damaged(harness.path, "somebody thought so")
    with harness.open() as database:
        assert list(dump(database)) == damage.expected_facts
    assert harness.notes == []
    assert not store.damage_marker(harness.path).exists()


@pytest.mark.fault("D08", "D22")
def test_an_empty_database_file_is_replaced(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.session("chat")
    harness.path.parent.mkdir()
    harness.path.touch()
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("D08")
@pytest.mark.parametrize("content", [b"Dear diary,\n", b"x" * 100_000])
def test_a_foreign_file_is_refused_and_not_changed(tmp_path: Path, content: bytes) -> None:
    harness = FaultHarness(tmp_path)
    harness.path.parent.mkdir()
    harness.path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(ForeignFile):
            harness.open()
    assert harness.path.read_bytes() == content
    assert [file.name for file in harness.path.parent.iterdir()] == [harness.path.name]


@pytest.mark.fault("D08")
def test_a_database_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.path.parent.mkdir()
    with _duckdb.connect(str(harness.path)) as con:
        con.execute("create table prices as select 1 as price")
    content = harness.path.read_bytes()
    for _ in range(2):
        with pytest.raises(ForeignFile, match="prices"):
            harness.open()
    assert harness.path.read_bytes() == content
    assert [file.name for file in harness.path.parent.iterdir()] == [harness.path.name]


@pytest.mark.fault("D08")
def test_a_folder_or_pipe_at_the_database_path_is_reported_and_not_changed(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    for path, kind in ((folder, "a folder"), (pipe, "not a regular file")):
        with pytest.raises(ForeignFile, match=kind):
            open_database(path)
    assert not list(folder.iterdir())


@pytest.mark.fault("D06")
def test_without_space_for_copies_the_repair_uses_renames(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recovery, "_copy", full)
    damaged = flipped(damage.log, len(damage.log) // 2)
    damage.put(log=damaged)
    notes = damage.check_repair()
    assert any("no space" in step for step in notes)
    assert damage.recovered_files()["tailboard.duckdb.wal"] == damaged


@pytest.mark.fault("D06", "P14")
def test_a_file_that_crashes_the_engine_is_opened_in_a_child_process_next_time(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = damage.put()
    note = harness.path.with_name("tailboard.duckdb.opening")
    note.write_text("1")
    asked: list[bool] = []

    def fake(path: Path, *, scan: bool = False) -> str | None:
        asked.append(scan)
        died = path == harness.path and harness.log.exists()
        return "Opening it ended the process with SIGABRT" if died else None

    monkeypatch.setattr(recovery, "probe", fake)
    notes = damage.check_repair()
    assert asked[0] is False
    assert "SIGABRT" in notes[0]
    assert "set aside" in notes[-1]
    assert not note.exists()


@pytest.mark.fault("D06")
def test_a_damage_marker_left_by_a_kill_causes_one_check_and_no_change(damage: Damage) -> None:
    harness = damage.put()
    harness.path.with_name("tailboard.duckdb.opening").write_text("1")
    with harness.open() as database:
        assert list(dump(database)) == damage.expected_facts
    assert harness.notes == []
