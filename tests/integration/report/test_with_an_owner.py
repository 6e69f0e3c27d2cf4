"""Report, prune and observe while another process owns the database and follows."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from time import monotonic

from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.follow import Owner, Pace, Round
from ingest.pipeline.homes import homes
from ingest.pipeline.maintenance import Job, Maintenance
from ingest.pipeline.run import RunSettings
from ingest.projects.roles.declared import all_roles
from ingest.projects.roles.job import RoleJob, run_command
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.sessions.search.background import IndexWriter
from ingest.settings import Settings
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness

PATIENCE = 60.0
HASTY = Pace(everything_every=1.0, recent_every=0.1, quiet=0.01, longest=0.05)


@contextmanager
def following(
    cli: CliHarness, observe: str | None = None, now: datetime | None = None
) -> Iterator[Event]:
    """An owner that follows the home; the event is set when it has stored a note."""
    stop, beaten = Event(), Event()
    clock = partial(_clock, now)
    found = start_or_connect(cli.db, ServerOptions(homes([cli.home]), Role.FOLLOW), clock)
    assert isinstance(found, RunningServer)
    with found:
        found.owner.read_once()
        maintenance = _maintenance(found.owner, observe)

        def beside() -> float | None:
            wait = maintenance.step()
            if found.database.reader().execute("from v_notes").fetchone():
                beaten.set()
            return wait

        follow = partial(found.owner.follow, stop, lambda _: None, pace=HASTY, maintain=beside)
        thread = Thread(target=follow)
        thread.start()
        try:
            yield beaten
        finally:
            stop.set()
            thread.join()
            maintenance.close()


def _clock(now: datetime | None) -> datetime:
    return now or datetime.now(UTC).replace(tzinfo=None)


def _maintenance(owner: Owner, code: str | None) -> Maintenance:
    database = owner.database
    jobs: list[Job] = [IndexWriter(database, database.path, database.commits)]
    if code is not None:
        settings = Settings(
            codex_homes=(),
            db=database.path,
            observe_command=(sys.executable, "-c", code),
            observe_quiet_minutes=1,
        )
        jobs.append(
            RoleJob(
                database,
                all_roles(settings),
                partial(run_command, folder=database.spool, env={}),
                zone=UTC,
                tuning=RunSettings(),
                clock=owner.clock,
            )
        )
    return Maintenance(owner.database, owner.clock, jobs, timedelta(0))


def test_a_report_is_the_same_through_the_owner(cli: CliHarness) -> None:
    alone = cli.json("report")
    with following(cli):
        beside = cli.json("report")
    for part in ("distributions", "coverage", "disk", "growth"):
        assert beside[part] == alone[part]


def test_the_owner_executes_prune(cli: CliHarness) -> None:
    path = next(cli.home.rglob("rollout-*.jsonl"))
    with path.open("ab") as file:
        file.write(path.read_bytes().splitlines(keepends=True)[-1])
    damaged = path.rename(path.with_name(path.name + ".zst"))
    cli.run("ingest", "-q")
    damaged.rename(path)
    cli.run("batches", "retry")
    cli.run("ingest", "-q")
    cli.now = cli.now.replace(year=cli.now.year + 1)
    with following(cli):
        preview = cli.json("prune", "--older-than", "0s", "--dry-run")
        assert preview["batches"] == 1
        done = cli.json("prune", "--older-than", "0s", "--yes")
        assert (done["batches"], done["done"]) == (1, True)
        rows = cli.json("batches", "list", "--limit", "50")["batches"]
        assert [row["history"] for row in rows] == [[]] * len(rows)


def test_a_quiet_session_is_observed_while_everything_else_continues(
    empty: CliHarness,
) -> None:
    home = Home(empty.home)
    session = home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    later = datetime.fromtimestamp(home.clock.seconds, UTC).replace(tzinfo=None)
    answer = json.dumps({"notes": [{"text": "The parser is fixed."}]})
    empty.db.parent.mkdir(parents=True)
    with following(empty, f"print({answer!r})", later + timedelta(minutes=2)) as noted:
        assert noted.wait(PATIENCE)
        with DatabaseClient(empty.db) as remote:
            found = remote.sql("select session, text, untrusted from v_notes").rows
    assert found == [(session.thread.id, "The parser is fixed.", True)]
    (note,) = empty.json("show", session.thread.id)["notes"]
    assert (note["text"], note["untrusted"], note["turn"]) == ("The parser is fixed.", True, 1)
    assert "The parser is fixed." in empty.run("show", session.thread.id).out


def test_a_session_that_never_pauses_is_read_while_it_is_written(empty: CliHarness) -> None:
    home = Home(empty.home)
    session = home.session()
    session.prompt("Go on and on")
    session.write()
    empty.db.parent.mkdir(parents=True)
    stop, enough = Event(), Event()
    rounds: list[Round] = []

    def on_round(one: Round) -> None:
        rounds.append(one)
        if len(rounds) == 3:
            enough.set()

    # Only hints: no sweep runs before the test ends.
    pace = Pace(everything_every=3600, recent_every=3600, quiet=0.5, longest=0.5)
    found = start_or_connect(empty.db, ServerOptions(homes([empty.home]), Role.FOLLOW))
    assert isinstance(found, RunningServer)
    with found:
        thread = Thread(target=partial(found.owner.follow, stop, on_round, pace=pace))
        thread.start()
        try:
            lines = 0
            until = monotonic() + PATIENCE
            while not enough.is_set() and monotonic() < until:
                session.say(f"Line {lines}")
                session.flush_to_disk()
                lines += 1
        finally:
            stop.set()
            thread.join()
    assert enough.is_set()
    # Hints are combined: far fewer rounds than lines.
    assert len(rounds) < lines
