"""A database that is damaged, foreign or newer: told in sentences, kept aside, and made good."""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import _duckdb
import pytest

from ingest.store import database as store
from ingest.store import migrate, recovery
from ingest.store.database import Database
from ingest.store.dump import dump
from ingest.store.errors import (
    Damaged,
    DiskFull,
    Foreign,
    Locked,
    NewerSchema,
    Unusable,
    WrongMigration,
)
from ingest.store.probe import probe
from ingest.store.recovery import open_database
from tests.faults.place import ROOT, Place
from tests.faults.test_kills import kill, start

NUMBER_OF_FLIPS = 12


class Damage:
    """A database that was killed with a full log, and its state before and after what is tried."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.place.session("plan")
        self.place.session("chat")
        # The file holds the beginning, the log the rest.
        with self.place.open() as database:
            database.checkpoint()
        child = start(self.place)
        assert child.stdout is not None
        assert child.stdout.readline() == b"reading\n"
        kill(child)
        self.quiet = self.place.quiet()
        self.before = folder / "before"
        shutil.copytree(self.place.path.parent, self.before)
        self.file, self.log = self.place.path.read_bytes(), self.place.log.read_bytes()
        assert len(self.log) > 50_000

    def put(self, file: bytes | None = None, log: bytes | None = None) -> Place:
        """As it was after the kill, but for what is given."""
        shutil.rmtree(self.place.path.parent)
        shutil.copytree(self.before, self.place.path.parent)
        if file is not None:
            self.place.path.write_bytes(file)
        if log is not None:
            self.place.log.write_bytes(log)
        self.place.told.clear()
        return self.place

    def heals(self) -> list[str]:
        """After the next reading all is there again; what was told on the way."""
        self.place.read()
        told = list(self.place.told)
        assert self.place.facts() == self.quiet
        return told

    def kept(self) -> dict[str, bytes]:
        """What the recovery folder holds."""
        above = self.place.path.with_name("tailboard.duckdb.recovery")
        return {file.name: file.read_bytes() for file in above.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def damage(tmp_path_factory: pytest.TempPathFactory) -> Damage:
    return Damage(tmp_path_factory.mktemp("damage"))


def flipped(data: bytes, at: int, bit: int = 2) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


@pytest.mark.fault("D06", "P01")
@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.5, 0.77, 0.9, 0.99])
def test_a_log_cut_off_anywhere_is_used_as_far_as_it_goes(damage: Damage, part: float) -> None:
    damage.put(log=damage.log[: int(len(damage.log) * part)])
    assert damage.heals() == []


@pytest.mark.fault("D06")
def test_a_log_with_a_tail_of_zeros_loses_nothing(damage: Damage) -> None:
    place = damage.put(log=damage.log + bytes(4096))
    with place.open() as database:
        assert list(dump(database)) == damage.quiet
    assert place.told == []


@pytest.mark.fault("D06", "D07")
@pytest.mark.parametrize("seed", range(NUMBER_OF_FLIPS))
def test_a_flipped_bit_in_the_log_costs_at_most_a_second_reading(damage: Damage, seed: int) -> None:
    chance = random.Random(seed)
    at = chance.randrange(len(damage.log))
    damaged = flipped(damage.log, at, chance.randrange(8))
    damage.put(log=damaged)
    told = damage.heals()
    # A bit in a length looks like a torn end: then there is nothing to tell, and nothing missing.
    if told:
        assert "was damaged" in told[0]
        assert "All of its log but the last" in told[-1] or "set aside" in told[-1]
        kept = damage.kept()
        assert kept["tailboard.duckdb.wal"] == damaged
        assert kept["tailboard.duckdb"] == damage.file


@pytest.mark.fault("D06")
def test_what_stands_before_the_damage_in_a_log_is_saved(damage: Damage) -> None:
    place = damage.put(log=flipped(damage.log, len(damage.log) * 3 // 4))
    with place.open() as database:
        saved = len(list(dump(database)))
    assert "All of its log but the last" in place.told[-1]
    assert saved > 0
    report = place.read()
    assert (
        0
        < report.bytes_read
        < sum(file.stat().st_size for file in place.home.path.rglob("*.jsonl"))
    )


@pytest.mark.fault("D07")
@pytest.mark.parametrize("byte", range(8))
def test_a_flip_in_a_length_of_the_log_is_healed_though_nobody_can_see_it(
    damage: Damage, byte: int
) -> None:
    # The engine names the place behind the head of an entry: eight bytes of length, eight of sum.
    place = damage.put(log=flipped(damage.log, len(damage.log) // 2))
    named = re.search(r"byte position (\d+)", probe(place.path) or "")
    assert named is not None
    damage.put(log=flipped(damage.log, int(named[1]) - 16 + byte))
    damage.heals()


@pytest.mark.fault("D06")
def test_a_log_whose_second_half_never_reached_the_disk(damage: Damage) -> None:
    half = len(damage.log) // 2
    damage.put(log=damage.log[:half] + bytes(half))
    assert "was damaged" in damage.heals()[0]


@pytest.mark.fault("D09")
def test_a_log_that_vanished_is_made_up_for(damage: Damage) -> None:
    damage.put().log.unlink()
    assert damage.heals() == []


@pytest.mark.fault("D09")
def test_the_log_of_another_database_is_set_aside(damage: Damage, tmp_path: Path) -> None:
    other = Place(tmp_path)
    other.session("chat")
    child = start(other)
    assert child.stdout is not None
    assert child.stdout.readline() == b"reading\n"
    kill(child)
    foreign = other.log.read_bytes()
    damage.put(log=foreign)
    told = damage.heals()
    assert "set aside" in told[-1]
    assert damage.kept()["tailboard.duckdb.wal"] == foreign


@pytest.mark.fault("D09")
def test_a_log_without_its_database_is_kept_and_told(damage: Damage) -> None:
    damage.put().path.unlink()
    assert "only its log was left" in damage.heals()[0]
    assert damage.kept()["tailboard.duckdb.wal"] == damage.log


@pytest.mark.fault("D09", "D19")
def test_an_old_copy_of_the_database_reads_the_gap_and_doubles_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    session = place.session("chat")
    place.read()
    old = place.path.read_bytes()
    place.session("plan")
    session.prompt("And another one")
    session.end_turn("Done.")
    session.flush_to_disk()
    place.read()
    place.path.write_bytes(old)
    place.read()
    assert place.facts() == place.quiet()
    assert place.told == []


@pytest.mark.fault("D08")
@pytest.mark.parametrize(
    "what", ["zeros", "a text", "half of it", "no header", "both headers", "a few bytes"]
)
def test_a_main_file_that_is_no_database_any_more_is_set_aside_and_begun_anew(
    damage: Damage, what: str
) -> None:
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
    told = damage.heals()
    assert "a new one begun" in told[-1]
    assert damage.kept()["tailboard.duckdb"] == broken


@pytest.mark.fault("D08")
def test_a_block_that_cannot_be_read_back_condemns_the_file_and_the_next_start_rebuilds(
    damage: Damage,
) -> None:
    place = damage.put()
    place.read()  # Everything is in the file now, and nothing in the log.
    assert not place.log.exists()
    whole = place.path.read_bytes()
    at = whole.find(b"Fix the failing unicode test") // 4096 * 4096
    assert at > 12_288
    place.path.write_bytes(whole[:at] + bytes(4_096) + whole[at + 4_096 :])
    with place.open() as database, pytest.raises(Damaged, match="checksum"):
        _read_everything(database)
    assert store.condemned(place.path).exists()
    told = damage.heals()
    assert "a new one begun" in told[-1]
    assert not store.condemned(place.path).exists()


def _read_everything(database: Database) -> None:
    for table in ("messages", "turns", "calls", "plans", "batches", "prompts"):
        with database.transaction():
            database.execute(f"select bit_xor(hash(t)) from {table} t").fetchall()


@pytest.mark.fault("D08")
def test_a_file_that_was_condemned_wrongly_is_looked_through_and_kept(damage: Damage) -> None:
    place = damage.put()
    store.condemn(place.path, "somebody thought so")
    with place.open() as database:
        assert list(dump(database)) == damage.quiet
    assert place.told == []
    assert not store.condemned(place.path).exists()


@pytest.mark.fault("D08", "D22")
def test_an_empty_file_is_begun_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.session("chat")
    place.path.parent.mkdir()
    place.path.touch()
    place.read()
    assert place.facts() == place.quiet()


@pytest.mark.fault("D08")
@pytest.mark.parametrize("content", [b"Dear diary,\n", b"x" * 100_000])
def test_a_file_that_was_never_ours_is_refused_and_not_touched(
    tmp_path: Path, content: bytes
) -> None:
    place = Place(tmp_path)
    place.path.parent.mkdir()
    place.path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(Foreign):
            place.open()
    assert place.path.read_bytes() == content
    assert [file.name for file in place.path.parent.iterdir()] == [place.path.name]


@pytest.mark.fault("D08")
def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.path.parent.mkdir()
    with _duckdb.connect(str(place.path)) as con:
        con.execute("create table prices as select 1 as price")
    content = place.path.read_bytes()
    for _ in range(2):
        with pytest.raises(Foreign, match="prices"):
            place.open()
    assert place.path.read_bytes() == content
    assert [file.name for file in place.path.parent.iterdir()] == [place.path.name]


@pytest.mark.fault("D08")
def test_a_folder_or_a_pipe_in_its_place_is_named_and_left_alone(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    for path, kind in ((folder, "a folder"), (pipe, "no regular file")):
        with pytest.raises(Foreign, match=kind):
            open_database(path)
    assert not list(folder.iterdir())


@pytest.mark.fault("D06")
def test_without_the_room_for_copies_the_ladder_is_climbed_with_renames(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recovery, "_copy", full)
    damaged = flipped(damage.log, len(damage.log) // 2)
    damage.put(log=damaged)
    told = damage.heals()
    assert any("no room" in step for step in told)
    assert damage.kept()["tailboard.duckdb.wal"] == damaged


@pytest.mark.fault("D06")
def test_an_engine_that_dies_of_the_file_is_tried_in_another_process_next_time(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = damage.put()
    note = place.path.with_name("tailboard.duckdb.opening")
    note.write_text("1")
    asked: list[bool] = []

    def fake(path: Path, *, scan: bool = False) -> str | None:
        asked.append(scan)
        died = path == place.path and place.log.exists()
        return "Opening it ended the program with SIGABRT" if died else None

    monkeypatch.setattr(recovery, "probe", fake)
    told = damage.heals()
    assert asked[0] is False
    assert "SIGABRT" in told[0]
    assert "set aside" in told[-1]
    assert not note.exists()


@pytest.mark.fault("D06")
def test_a_note_left_by_a_kill_costs_one_look_and_changes_nothing(damage: Damage) -> None:
    place = damage.put()
    place.path.with_name("tailboard.duckdb.opening").write_text("1")
    with place.open() as database:
        assert list(dump(database)) == damage.quiet
    assert place.told == []


@pytest.mark.fault("D11")
def test_a_newer_schema_is_refused_and_not_touched(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.open() as database:
        database.execute("insert into schema_migrations values (9999, 'later', '', null, '')")
    content = place.path.read_bytes()
    with pytest.raises(NewerSchema, match="9999"):
        place.open()
    assert place.path.read_bytes() == content


@pytest.mark.fault("D11")
def test_a_newer_storage_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    error = Exception(
        "IO Error: Trying to read a database file with version number 99, but we can only read "
        "versions between 64 and 69."
    )
    assert isinstance(store.explain(tmp_path / "x", error), NewerSchema)


@pytest.mark.fault("D11")
def test_a_migration_that_is_not_ours_is_refused_and_not_touched(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.open() as database:
        database.execute("update schema_migrations set checksum = 'other' where version = 1")
    content = place.path.read_bytes()
    with pytest.raises(WrongMigration, match="0001"):
        place.open()
    assert place.path.read_bytes() == content


# ── a schema that grows ─────────────────────────────────────────────────────────────────────────

STEPS = ("_copy", "_apply", "lay_views", "_sync", "_keep")


def newer() -> list[migrate.Migration]:
    return [
        *migrate.shipped(),
        migrate.Migration(9000, "9000_more.sql", "create table more(a int)"),
    ]


@pytest.mark.fault("D12")
def test_a_new_step_is_taken_on_a_copy_and_the_old_database_stays_as_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.session("chat")
    place.read()
    facts, content = place.facts(), place.path.read_bytes()
    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    with place.open() as database:
        assert database.steps == ["9000_more.sql"]
        assert list(dump(database)) == facts
        database.execute("select * from more")
        # A second process is kept out: copying the file did not give up the lock on it.
        code = f"from tests.faults.place import *; Database(Path({str(place.path)!r}))"
        other = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "Locked" in other.stderr
    backup = place.path.with_name("tailboard.duckdb.before-9000")
    assert backup.read_bytes() == content
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not place.path.with_name("tailboard.duckdb.migrating").exists()


@pytest.mark.fault("D12")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_step_of_a_migration_leaves_the_old_database_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    place = Place(tmp_path)
    place.session("chat")
    place.read()
    facts, content = place.facts(), place.path.read_bytes()
    program = (
        "import os\n"
        "from tests.faults.test_damage import *\n"
        f"step, after, more = getattr(migrate, {step!r}), {after}, newer()\n"
        "migrate.shipped = lambda: more\n"
        "def dies(*arguments):\n"
        "    if after: step(*arguments)\n"
        "    os._exit(9)\n"
        f"setattr(migrate, {step!r}, dies)\n"
        f"Place(Path({str(tmp_path)!r})).open()\n"
    )
    died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert died.returncode == 9
    assert place.path.read_bytes() == content
    assert place.facts() == facts
    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    with place.open() as database:
        assert database.steps == ["9000_more.sql"]
        assert list(dump(database)) == facts
    assert place.told == []


@pytest.mark.fault("D12")
def test_a_step_that_fails_is_told_and_leaves_the_old_database_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.session("chat")
    place.read()
    facts, content = place.facts(), place.path.read_bytes()
    broken = [*migrate.shipped(), migrate.Migration(9000, "9000.sql", "create table turns(a int)")]
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "shipped", lambda: broken)
        with pytest.raises(Exception, match="turns"):
            place.open()
    assert place.path.read_bytes() == content
    assert place.facts() == facts


@pytest.mark.fault("D12", "D03")
def test_a_migration_without_room_is_told_as_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.read()
    content = place.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    monkeypatch.setattr(migrate, "_copy", full)
    with pytest.raises(DiskFull):
        place.open()
    assert place.path.read_bytes() == content


# ── who may open ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.fault("P04", "D10")
def test_a_second_process_is_told_who_has_the_database(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.session("chat")
    child = start(place)
    for _ in range(2):
        with pytest.raises(Locked) as caught:
            place.open()
        assert caught.value.pid == child.pid
    assert place.path.exists()
    kill(child)
    place.read()
    assert place.facts() == place.quiet()


@pytest.mark.fault("P04", "D10")
def test_two_processes_never_open_or_repair_the_same_file_at_once(damage: Damage) -> None:
    place = damage.put(log=flipped(damage.log, len(damage.log) // 2))
    with recovery._opening(place.path), pytest.raises(Locked):
        place.open()
    assert "was damaged" in damage.heals()[0]


@pytest.mark.fault("D03", "D10")
def test_a_folder_nobody_may_write_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unusable):
        open_database(tmp_path / "file" / "below" / "x.duckdb")


@pytest.mark.fault("P06")
def test_a_forked_child_is_refused_the_database_of_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from tests.faults.place import *\n"
        f"database = Database(Path({str(tmp_path / 'x.duckdb')!r}))\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try: database.execute('create table lost(a int)')\n"
        "    except Exception as error: os._exit(7 if error.code == 'store.forked' else 1)\n"
        "    os._exit(0)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=False)
    assert ended.returncode == 7


def test_a_database_that_is_well_is_opened_without_a_word_or_a_trace(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.open().close()
    place.open().close()
    assert place.told == []
    names = {file.name for file in place.path.parent.iterdir()}
    assert names == {"tailboard.duckdb", "tailboard.duckdb.spool"}
