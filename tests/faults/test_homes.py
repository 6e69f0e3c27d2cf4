"""A Codex home keeps its identity: under another host name, at another path, beside a copy."""

import os
import subprocess
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import Home
from tests.faults.fault_harness import AFTER, ROOT, FaultHarness, program

ON_ANOTHER_MACHINE = """
echo "$1" > "$2" && mount --bind "$2" /etc/machine-id && hostname "$1" || exit 77
shift 2
exec "$@"
"""
STEP = "0005_homes.sql"


def as_machine(name: str, harness: FaultHarness) -> None:
    """Read the home on a computer of this name."""
    inner = program("ingest", "ingest", "--db", str(harness.path))
    identity = harness.folder / "machine-id"
    started = subprocess.run(
        [
            *("unshare", "-r", "-m", "-u", "sh", "-c", ON_ANOTHER_MACHINE, "sh"),
            *(name, str(identity), *inner, "--codex-home", str(harness.home.path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode in (1, 77) and "ingest" not in started.stderr:
        pytest.skip("giving a process another host name is not permitted here")
    assert started.returncode == 0, started.stderr


def read_as(harness: FaultHarness, home: str) -> None:
    """Read the home under another identity, as older versions did on each machine."""
    with harness.open() as database:
        Owner(database, [Home(home, harness.home.path)], clock=harness.clock).read_once()


def forget_step(database: Database) -> None:
    """Return the database to the state of an older version: opening it applies the step again."""
    with database.transaction():
        database.execute("delete from schema_migrations where name = ?", [STEP])


@pytest.mark.fault("F40")
def test_another_host_name_or_machine_id_duplicates_nothing(harness: FaultHarness) -> None:
    harness.session("tour")
    harness.create()
    as_machine("a.local", harness)
    before = harness.facts()
    as_machine("b.corp", harness)
    assert harness.facts() == before == harness.expected_facts()
    assert len(harness.rows("select * from homes")) == 1


@pytest.mark.fault("F40")
def test_data_read_under_two_names_of_one_machine_is_merged(
    harness: FaultHarness,
) -> None:
    session = harness.session("plan")
    other = harness.session("chat")
    harness.home.history(session, "Only the first machine knows this")
    harness.home.history(session, "Both know this")
    read_as(harness, "a")
    gone = harness.session("partial")
    read_as(harness, "a")
    read_as(harness, "another")
    gone.path.unlink()
    harness.home.trim_history(1)
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.flush_to_disk()
    read_as(harness, "b")
    read_as(harness, "c")
    with harness.open() as database:
        forget_step(database)
    with harness.open() as database:
        assert database.applied_migrations == [STEP]
        assert len(database.rows("registry.sources", home="a")) == 0
    assert harness.rows("select path from homes") == [(str(harness.home.path),)]
    assert (
        harness.rows("select thread, count(*) from segments group by all having count(*) > 1") == []
    )
    folded = harness.facts()
    harness.read()
    assert harness.facts() == folded
    # Data that is no longer on disk is kept once; the rest equals one reading of the files.
    kept = [fact for fact in folded if gone.thread.id in fact]
    assert kept
    assert harness.rows("select text from prompts order by text") == [
        ("Both know this",),
        ("Only the first machine knows this",),
    ]
    rest = [fact for fact in folded if fact not in kept and not fact.startswith("prompts ")]
    assert rest == [fact for fact in harness.expected_facts() if not fact.startswith("prompts ")]
    assert harness.state_of(other) == "following"


@pytest.mark.fault("F40")
@pytest.mark.parametrize("moved", [True, False], ids=["moved", "new identity"])
def test_a_failed_batch_keeps_its_identity_when_its_home_gets_another_id(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    harness.session("plan")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", broken)
        read_as(harness, "a")
    ((batch,),) = harness.rows("select id from batches where state = 'failed'")
    with harness.open() as database:
        forget_step(database)
    if moved:
        harness.home.path = harness.home.path.rename(harness.folder / "elsewhere")
    harness.now = AFTER
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert set(harness.states()) == {"completed"}
    assert (batch,) in harness.rows("select id from batches")


def broken(*_: object) -> bytes:
    raise OSError(5, "Input/output error")


@pytest.mark.fault("F40")
def test_a_moved_home_with_a_link_at_its_old_path_continues_where_it_was(
    harness: FaultHarness,
) -> None:
    harness.session("plan")
    harness.read()
    before = harness.facts()
    elsewhere = harness.home.path.rename(harness.folder / "elsewhere")
    harness.home.path.symlink_to(elsewhere)
    assert harness.read().lines == 0
    assert harness.facts() == before
    assert harness.rows("select path from homes") == [(str(elsewhere),)]


@pytest.mark.fault("F40")
def test_a_home_with_a_name_that_is_not_text_is_the_same_at_every_start(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.home.path = harness.home.path.rename(tmp_path / "co\udcffdex")
    harness.session("chat")
    harness.read()
    with harness.open() as database:
        forget_step(database)
    assert harness.read().lines == 0
    assert len(harness.rows("select * from homes")) == 1
