"""Schemas that are newer, unknown or old: refused, or migrated completely."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.db import database as store
from ingest.db import migrate
from ingest.errors import DatabaseError, DiskFull, NewerSchema
from tests.facts_dump import dump
from tests.faults.fault_harness import ROOT, FaultHarness


@pytest.mark.fault("D11")
@pytest.mark.parametrize(
    ("change", "refusal", "named"),
    [
        (
            "insert into schema_migrations values (9999, 'later', '', null, '')",
            NewerSchema,
            "9999",
        ),
        (
            "update schema_migrations set checksum = 'other' where version = 1",
            DatabaseError,
            "0001",
        ),
    ],
    ids=["newer", "not ours"],
)
def test_an_unknown_schema_is_refused_and_not_changed(
    tmp_path: Path, change: str, refusal: type[DatabaseError], named: str
) -> None:
    harness = FaultHarness(tmp_path)
    with harness.open() as database:
        database.execute(change)
    content = harness.path.read_bytes()
    with pytest.raises(refusal, match=named):
        harness.open()
    assert harness.path.read_bytes() == content


@pytest.mark.fault("D11")
def test_a_newer_storage_version_is_reported_as_a_newer_schema(tmp_path: Path) -> None:
    error = Exception(
        "IO Error: Trying to read a database file with version number 99, but we can only read "
        "versions between 64 and 69."
    )
    assert isinstance(store.explain(tmp_path / "x", error), NewerSchema)


STEPS = ("copy_file", "_apply", "create_views", "sync", "_link_or_copy")


MORE = (9000, "9000_more.sql", "create table more(a int)")


def newer() -> list[migrate.Migration]:
    return [*migrate.shipped(), migrate.Migration(*MORE)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has read a session; tests use copies of it."""
    harness = FaultHarness(tmp_path_factory.mktemp("filled"))
    harness.session("chat")
    harness.read()
    return harness.path.parent


@pytest.fixture
def harness(filled: Path, tmp_path: Path) -> FaultHarness:
    """A copy of that database, without its home."""
    harness = FaultHarness(tmp_path)
    shutil.copytree(filled, harness.path.parent)
    return harness


@pytest.mark.fault("D12")
def test_a_migration_runs_on_a_copy_and_the_old_database_stays_as_a_backup(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, content = harness.facts(), harness.path.read_bytes()
    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    with harness.open() as database:
        assert database.applied_migrations == ["9000_more.sql"]
        assert list(dump(database)) == facts
        database.execute("select * from more")
        # A second process is locked out: copying the file did not release the lock on it.
        code = f"from tests.faults.fault_harness import *; Database(Path({str(harness.path)!r}))"
        other = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "Locked" in other.stderr
    backup = harness.path.with_name("tailboard.duckdb.before-9000")
    assert backup.read_bytes() == content
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not harness.path.with_name("tailboard.duckdb.migrating").exists()


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("step", "after"),
    # The end of a step is the beginning of the next one.
    [*((step, False) for step in STEPS), (STEPS[-1], True)],
)
def test_a_crash_during_a_migration_leaves_the_old_database_intact(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    facts, content = harness.facts(), harness.path.read_bytes()
    program = (
        "import os\n"
        "from ingest.db import migrate\n"
        "from tests.faults.fault_harness import *\n"
        f"step, after = getattr(migrate, {step!r}), {after}\n"
        f"more = [*migrate.shipped(), migrate.Migration(*{MORE!r})]\n"
        "migrate.shipped = lambda: more\n"
        "def dies(*arguments):\n"
        "    if after: step(*arguments)\n"
        "    os._exit(9)\n"
        f"setattr(migrate, {step!r}, dies)\n"
        f"FaultHarness(Path({str(harness.folder)!r})).open()\n"
    )
    died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert died.returncode == 9
    assert harness.path.read_bytes() == content
    assert harness.facts() == facts
    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    with harness.open() as database:
        assert database.applied_migrations == ["9000_more.sql"]
        assert list(dump(database)) == facts
    assert harness.notes == []


@pytest.mark.fault("D12")
def test_a_failed_migration_is_reported_and_leaves_the_old_database_intact(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, content = harness.facts(), harness.path.read_bytes()
    broken = [*migrate.shipped(), migrate.Migration(9000, "9000.sql", "create table turns(a int)")]
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "shipped", lambda: broken)
        with pytest.raises(Exception, match="turns"):
            harness.open()
    assert harness.path.read_bytes() == content
    assert harness.facts() == facts


@pytest.mark.fault("D12", "D03")
def test_a_migration_without_space_is_reported_as_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = FaultHarness(tmp_path)
    harness.read()
    content = harness.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    more = newer()
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    monkeypatch.setattr(migrate, "copy_file", full)
    with pytest.raises(DiskFull):
        harness.open()
    assert harness.path.read_bytes() == content
