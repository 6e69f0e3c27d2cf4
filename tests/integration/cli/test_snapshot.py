"""A snapshot is written while everything runs, and never overwrites a file without permission."""

import shutil
from pathlib import Path

import pytest

from ingest.db.engine import connect
from tests.integration.cli.cli_harness import CliHarness, Sessions


def test_a_copy_can_be_opened_by_any_duckdb(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.tmp / "copy.duckdb"
    answer = cli.json("snapshot", "--out", str(out))
    assert answer == {
        "schema": "tailboard.snapshot/1",
        "path": str(out),
        "bytes": out.stat().st_size,
    }
    with connect(str(out), read_only=True) as con:
        counted = con.execute("select count(*) from v_sessions").fetchone()
    assert counted == (5,)


def test_a_parquet_snapshot_is_a_folder_of_views(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.tmp / "copy.parquet"
    answer = cli.run("snapshot", "--out", str(out))
    assert answer.code == 0
    assert answer.out.endswith(f"to {out}.\n")
    with connect() as con:
        rows = con.execute(f"select count(*) from '{out / 'v_sessions.parquet'}'").fetchone()
    assert rows == (5,)
    (out / "v_gone.parquet").touch()
    assert cli.run("snapshot", "--out", str(out)).code == 3
    assert cli.run("snapshot", "--out", str(out), "--overwrite").code == 0
    assert not (out / "v_gone.parquet").exists()
    assert (out / "v_sessions.parquet").exists()


@pytest.mark.parametrize("name", ["copy", "copy.csv", "copy.duckdb.gz"])
def test_an_unknown_ending_is_refused(cli: CliHarness, sessions: Sessions, name: str) -> None:
    answer = cli.run("snapshot", "--out", str(cli.tmp / name))
    assert (answer.code, answer.out) == (2, "")
    assert f"{name} must end in one of .duckdb, .db, .ddb, .parquet." in answer.err
    assert not (cli.tmp / name).exists()


def test_redact_names_the_snapshots_it_knows_of(cli: CliHarness, sessions: Sessions) -> None:
    kept, gone = cli.tmp / "copy.duckdb", cli.tmp / "gone.parquet"
    for out in (kept, gone):
        assert cli.run("snapshot", "--out", str(out)).code == 0
    shutil.rmtree(gone)
    assert cli.json("redact")["copies"] == [str(kept)]
    assert f"{kept} is an earlier copy" in cli.run("redact", "apply").out


def test_an_existing_file_is_kept_without_overwrite(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.tmp / "copy.duckdb"
    out.write_text("mine")
    answer = cli.run("snapshot", "--out", str(out))
    assert (answer.code, answer.out) == (3, "")
    assert f"{out} already exists." in answer.err
    assert out.read_text() == "mine"
    assert cli.run("snapshot", "--out", str(out), "--overwrite").code == 0
    assert out.read_bytes() != b"mine"


@pytest.mark.fault("D45")
@pytest.mark.parametrize(
    "name",
    [
        "tailboard.duckdb",
        "tailboard.duckdb.wal",
        "tailboard.duckdb.spool/copy.duckdb",
        "edits.jsonl",
        "../data/tailboard.duckdb",
        "../link.duckdb",
        "../second.duckdb",
        "../folder/tailboard.duckdb",
    ],
)
def test_the_database_itself_is_never_overwritten(
    cli: CliHarness, sessions: Sessions, name: str
) -> None:
    (cli.tmp / "link.duckdb").symlink_to(cli.db)
    (cli.tmp / "second.duckdb").hardlink_to(cli.db)
    (cli.tmp / "folder").symlink_to(cli.db.parent)
    before = {path.name: path.stat().st_ino for path in cli.db.parent.iterdir()}
    answer = cli.run("snapshot", "--out", str(cli.db.parent / name), "--overwrite")
    assert answer.code == 3
    assert "belongs to the database" in answer.err
    after = {path.name: path.stat().st_ino for path in cli.db.parent.iterdir()}
    assert after == before
    assert cli.run("snapshot", "--out", str(cli.db) + ".copy.db", "--overwrite").code == 0


def test_without_a_database_there_is_nothing_to_copy(cli: CliHarness, tmp_path: Path) -> None:
    answer = cli.run("snapshot", "--out", str(tmp_path / "copy.duckdb"))
    assert answer.code == 1
    assert "nothing to copy" in answer.err
