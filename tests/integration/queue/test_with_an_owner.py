"""Actions that are sent while another process owns the database and follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest

from ingest.db.database import Database
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.follow import Pace, Round
from ingest.pipeline.homes import homes
from ingest.server.owner_file import Role
from tests.build import Home
from tests.facts_dump import dump_file
from tests.integration.cli.cli_harness import CliHarness

PATIENCE = 60.0
HASTY = Pace(everything_every=0.1, recent_every=0.1, quiet=0.01, longest=0.05)
ONCE = Pace(everything_every=1e6, recent_every=1e6)
"""Files are scanned when following begins, and then only after an event."""


pytestmark = pytest.mark.usefixtures("sessions")


@contextmanager
def following(cli: CliHarness, pace: Pace = HASTY) -> Iterator[Event]:
    """An owner that follows the home; the event is set when it has read something."""
    stop, read = Event(), Event()

    def on_round(round_: Round) -> None:
        if round_.report.lines:
            read.set()

    found = start_or_connect(cli.db, ServerOptions(homes([cli.home]), Role.FOLLOW))
    assert isinstance(found, RunningServer)
    with found:
        thread = Thread(target=partial(found.owner.follow, stop, on_round, pace=pace))
        thread.start()
        try:
            yield read
        finally:
            stop.set()
            thread.join()


def facts(cli: CliHarness) -> list[str]:
    return dump_file(cli.db)


def test_the_owner_executes_actions(cli: CliHarness) -> None:
    with following(cli):
        assert cli.json("status")["owner"]["role"] == "follow"
        paused = cli.json("batches", "pause", "--reason", "tea")
        assert paused["command"]
        assert "tea" in cli.run("status").out
        assert cli.run("batches", "resume").code == 0
        assert cli.json("batches", "retry", "--dry-run")["matched"] == []
        assert cli.json("status")["pauses"] == []
    with Database(cli.db) as database:
        verbs = database.reader().execute("select verb from commands order by rowid").fetchall()
    assert verbs == [("pause",), ("resume",)]


def test_a_running_owner_reads_again_after_a_reset_with_the_same_facts(
    cli: CliHarness,
) -> None:
    before = facts(cli)
    with following(cli) as read:
        answer = cli.json("reset", "--all", "--yes")
        assert answer["facts_dropped"] > 0
        assert read.wait(PATIENCE)
    cli.run("ingest", "-q")
    assert facts(cli) == before


def test_lines_written_after_a_reset_are_read_after_it(cli: CliHarness) -> None:
    home = Home(cli.home)
    with following(cli) as read:
        cli.json("reset", "--all", "--yes")
        session = home.session()
        session.prompt("one more")
        session.write()
        assert read.wait(PATIENCE)
    cli.run("ingest", "-q")
    assert cli.run("verify", "-q").code == 0
    assert any("one more" in fact for fact in facts(cli))


def test_a_refused_action_is_reported_to_its_sender_and_the_owner_continues(
    cli: CliHarness,
) -> None:
    with following(cli):
        assert cli.run("batches", "retry", "--batch", "zzz").code == 1
        assert cli.run("reset", "--source", "999", "--yes").code == 1
        assert cli.json("status")["owner"]["role"] == "follow"


def test_a_retried_batch_is_read_at_once_and_not_at_the_next_sweep(
    cli: CliHarness,
) -> None:
    with following(cli, ONCE) as read:
        for _ in range(2):  # The first may still be found by the initial scan.
            cli.json("reset", "--all", "--yes")
            assert read.wait(PATIENCE)
            read.clear()
