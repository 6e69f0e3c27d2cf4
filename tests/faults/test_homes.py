"""A Codex home keeps its identity: under another host name, at another path, beside a copy."""

import os
import subprocess
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import Home
from tests.faults.fault_harness import AFTER, ROOT, SMALL, Place, program

ON_ANOTHER_MACHINE = """
echo "$1" > "$2" && mount --bind "$2" /etc/machine-id && hostname "$1" || exit 77
shift 2
exec "$@"
"""
STEP = "0005_homes.sql"


def as_machine(name: str, place: Place) -> None:
    """Read the home as a computer of this name does."""
    inner = program("ingest", "ingest", "--db", str(place.path))
    identity = place.folder / "machine-id"
    started = subprocess.run(
        [
            *("unshare", "-r", "-m", "-u", "sh", "-c", ON_ANOTHER_MACHINE, "sh"),
            *(name, str(identity), *inner, "--codex-home", str(place.home.path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode in (1, 77) and "ingest" not in started.stderr:
        pytest.skip("giving a process another host name is not permitted here")
    assert started.returncode == 0, started.stderr


def read_as(place: Place, home: str) -> None:
    """Read the home under an identity of its own, as older versions did on each machine."""
    with place.open() as database:
        Owner(database, [Home(home, place.home.path)], SMALL, place.clock).read_once()


def forget_step(database: Database) -> None:
    """The database is as an older version left it: the step is taken when it is opened again."""
    with database.transaction():
        database.execute("delete from schema_migrations where name = ?", [STEP])


@pytest.mark.fault("F40")
def test_another_host_name_and_machine_id_double_nothing(place: Place) -> None:
    place.session("tour")
    as_machine("a.local", place)
    before = place.facts()
    as_machine("b.corp", place)
    assert place.facts() == before == place.quiet()
    assert len(place.rows("select * from homes")) == 1


@pytest.mark.fault("F40")
def test_what_was_read_twice_under_two_names_of_one_machine_is_folded(place: Place) -> None:
    session = place.session("plan")
    other = place.session("chat")
    place.home.history(session, "Only the first machine knows this")
    place.home.history(session, "Both know this")
    read_as(place, "a")
    gone = place.session("tour")
    read_as(place, "a")
    read_as(place, "another")
    gone.path.unlink()
    place.home.trim_history(1)
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.flush_to_disk()
    read_as(place, "b")
    read_as(place, "c")
    with place.open() as database:
        forget_step(database)
    with place.open() as database:
        assert database.applied_migrations == [STEP]
        assert len(database.rows("registry.sources", home="a")) == 0
    assert place.rows("select path from homes") == [(str(place.home.path),)]
    assert (
        place.rows("select thread, count(*) from segments group by all having count(*) > 1") == []
    )
    folded = place.facts()
    place.read()
    assert place.facts() == folded
    # What no longer is on disk stays, once; the rest is what one reading of the files tells.
    kept = [fact for fact in folded if gone.thread.id in fact]
    assert kept
    assert place.rows("select text from prompts order by text") == [
        ("Both know this",),
        ("Only the first machine knows this",),
    ]
    rest = [fact for fact in folded if fact not in kept and not fact.startswith("prompts ")]
    assert rest == [fact for fact in place.quiet() if not fact.startswith("prompts ")]
    assert place.state_of(other) == "following"


@pytest.mark.fault("F40")
@pytest.mark.parametrize("moved", [True, False], ids=["moved", "new identity"])
def test_a_batch_that_failed_goes_on_as_the_same_batch_when_its_home_has_another_id(
    place: Place, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    place.session("plan")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", broken)
        read_as(place, "a")
    ((batch,),) = place.rows("select id from batches where state = 'failed'")
    with place.open() as database:
        forget_step(database)
    if moved:
        place.home.path = place.home.path.rename(place.folder / "elsewhere")
    place.now = AFTER
    place.read()
    assert place.facts() == place.quiet()
    assert set(place.states()) == {"completed"}
    assert (batch,) in place.rows("select id from batches")


def broken(*_: object) -> bytes:
    raise OSError(5, "Input/output error")


@pytest.mark.fault("F40")
def test_a_home_that_was_moved_and_left_a_link_behind_goes_on_where_it_was(place: Place) -> None:
    place.session("plan")
    place.read()
    before = place.facts()
    elsewhere = place.home.path.rename(place.folder / "elsewhere")
    place.home.path.symlink_to(elsewhere)
    assert place.read().lines == 0
    assert place.facts() == before
    assert place.rows("select path from homes") == [(str(elsewhere),)]


@pytest.mark.fault("F40")
def test_a_home_of_a_name_that_is_no_text_is_the_same_at_every_start(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.home.path = place.home.path.rename(tmp_path / "co\udcffdex")
    place.session("chat")
    place.read()
    with place.open() as database:
        forget_step(database)
    assert place.read().lines == 0
    assert len(place.rows("select * from homes")) == 1
