"""A snapshot is written completely and privately, and never overwrites a file without
permission."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.db.engine import connect
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Format
from ingest.db.snapshot import move_to_target, remove_abandoned
from ingest.errors import SnapshotRefused


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        with opened.transaction():
            opened.run("registry.add_home", id="h", path="/home")
        yield opened


def test_a_snapshot_contains_all_data_of_the_database(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.duckdb"
    size = move_to_target(LocalReader(database).copy(Format.DUCKDB), target)
    assert size == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with connect(str(target), read_only=True) as con:
        assert con.execute("select id, path from homes").fetchall() == [("h", "/home")]
        assert con.execute("select count(*) from v_sessions").fetchall() == [(0,)]
    # The original continues, and contains no part of the copy.
    assert database.rows("status.migrations")
    assert list(database.spool.glob("snapshot-*")) == []


def test_a_parquet_snapshot_has_a_file_for_each_view(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert move_to_target(LocalReader(database).copy(Format.PARQUET), target) > 0
    views = database.execute("select view_name from duckdb_views() where not internal").fetchall()
    assert {file.stem for file in target.iterdir()} == {name for (name,) in views}
    assert stat.S_IMODE(target.stat().st_mode) == 0o700


def test_a_snapshot_during_commits_is_consistent(database: Database, tmp_path: Path) -> None:
    with database.transaction():
        database.run("registry.add_home", id="open", path="/not/committed")
        copied = LocalReader(database).copy(Format.DUCKDB)
    target = tmp_path / "copy.duckdb"
    move_to_target(copied, target)
    with connect(str(target), read_only=True) as con:
        assert con.execute("select id from homes").fetchall() == [("h",)]


def _copied(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot-1"
    path.write_text("new")
    return path


def test_nothing_is_overwritten_without_the_option(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    with pytest.raises(SnapshotRefused, match="already exists"):
        move_to_target(_copied(tmp_path), target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_is_overwritten_on_request(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    assert move_to_target(_copied(tmp_path), target, overwrite=True) == 3
    assert target.read_text() == "new"


def test_a_folder_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(SnapshotRefused):
        move_to_target(_copied(tmp_path), target, overwrite=True)


def test_a_folder_of_parquet_files_is_replaced_as_a_whole_and_no_other_folder(
    tmp_path: Path,
) -> None:
    target = tmp_path / "copy.parquet"
    for number, foreign in ((1, None), (2, "notes.txt")):
        copied = tmp_path / "snapshot-1"
        copied.mkdir()
        (copied / f"v_{number}.parquet").write_text("new")
        target.mkdir(exist_ok=True)
        (target / "v_old.parquet").write_text("old")
        if foreign is None:
            assert move_to_target(copied, target, overwrite=True) == 3
            assert [file.name for file in target.iterdir()] == ["v_1.parquet"]
        else:
            (target / foreign).write_text("mine")
            with pytest.raises(SnapshotRefused, match="already exists"):
                move_to_target(copied, target, overwrite=True)
            assert (target / foreign).read_text() == "mine"
        assert list(tmp_path.iterdir()) == [target]


def test_a_missing_target_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotRefused, match="nowhere"):
        move_to_target(_copied(tmp_path), tmp_path / "nowhere" / "target")
    assert list(tmp_path.iterdir()) == []


def test_abandoned_copies_are_removed_and_new_ones_kept(tmp_path: Path) -> None:
    old, new, other = tmp_path / "snapshot-old", tmp_path / "snapshot-new", tmp_path / "x.json"
    killed = tmp_path / "verify-killed"
    killed.mkdir()
    (killed / "again.duckdb").touch()
    for path in (old, new, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (1_000, 1_000))
    remove_abandoned(tmp_path, 2_000.0)
    assert sorted(tmp_path.iterdir()) == [new, other]
