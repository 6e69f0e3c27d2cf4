"""`tailboard demo`: sample data in a temporary folder, played as if it happened now.

The folder is removed when the command ends. The user's Codex home, database and settings are not
read.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Final

import click

from ingest.cli import dashboard
from ingest.cli.commands import status
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.demo.story import shipped
from ingest.demo.writer import DemoWriter
from ingest.errors import Refused
from ingest.exit_codes import Exit
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.text.times import Clock

_OURS: Final = "TAILBOARD_"
_KEPT: Final = "TAILBOARD_ASCII"
"""The environment decides how things are drawn, but not which data is used."""
_TRIES: Final = 50
_PAUSE: Final = 0.1


@click.command(cls=Command)
@click.option(
    "--headless",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Run for this many seconds without a dashboard, then print `status`.",
)
@with_invocation
def command(invocation: Invocation, headless: float | None) -> int:
    """Creates two weeks of sessions of four small projects and writes more for about ten minutes
    while you watch. Everything is in a temporary folder, which is removed at the end.
    """
    if headless is None and (invocation.options.json or not dashboard.draws(invocation.env)):
        raise Refused(
            "The demo opens the dashboard, but this is not a terminal that can show it.",
            "Try `tailboard demo --headless 5`.",
        )
    clock = _clock(invocation.aware_now)
    if headless is not None:
        with _ended_by_signals() as ended, _played(invocation, clock) as demo:
            return _follow(invocation, demo, clock, headless, ended)
    # The process that reads for the dashboard finds its settings in the environment.
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        # Until the dashboard handles these signals, and after it ends: the folder must be removed.
        signal.signal(signal_number, _leave)
    with _played(invocation, clock) as demo, _environment_of(demo):
        with _owned(demo) as owned:
            # The past is read before the dashboard opens, so that it shows all of it at once.
            owned.owner.read_once()
        code = dashboard.opened(demo.settings)
    if code is None:
        raise Refused("This installation has no dashboard.", "Try `tailboard demo --headless 5`.")
    return code


@contextmanager
def _played(invocation: Invocation, clock: Clock) -> Iterator[Invocation]:
    """Play the demo. Yields an invocation that uses only its home and database."""
    with _folder() as folder:
        writer = DemoWriter(shipped(), folder, invocation.aware_now, invocation.zone)
        writer.write_past()
        stop = Event()
        thread = Thread(target=writer.play, args=(stop, clock), name="demo")
        thread.start()
        try:
            yield invocation.elsewhere(_environment(invocation.env, folder, writer.home))
        finally:
            stop.set()
            thread.join()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tailboard-demo-")).resolve()
    try:
        yield folder
    finally:
        # The reading process of the dashboard may still be closing files in the folder.
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(_PAUSE)


@contextmanager
def _environment_of(demo: Invocation) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(demo.env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _environment(env: Mapping[str, str], folder: Path, home: Path) -> dict[str, str]:
    own = {
        "CODEX_HOME": str(home),
        "TAILBOARD_DB": str(folder / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(folder / "config.toml"),
    }
    return {n: value for n, value in env.items() if not n.startswith(_OURS) or n == _KEPT} | own


def _follow(
    invocation: Invocation, demo: Invocation, clock: Clock, seconds: float, ended: Event
) -> int:
    with _owned(demo) as server:
        server.owner.read_once()
        timer = Timer(seconds, ended.set)
        timer.start()
        try:
            server.owner.follow(ended, lambda _: None)
        finally:
            timer.cancel()
        server.owner.read_once()
    seen = status.look(demo.later(clock()))
    settings = demo.settings
    body = {"home": settings.codex_homes[0], "db": settings.db, "status": seen.status}
    invocation.answer("demo", body, lambda output: status.show(output, seen))
    return Exit.DONE


def _owned(demo: Invocation) -> RunningServer:
    """The database of the demo; no other process knows its path."""
    settings = demo.settings
    server = start_or_connect(settings.db, ServerOptions(homes(settings.codex_homes), Role.FOLLOW))
    if isinstance(server, DatabaseClient):
        raise LookupError("another process has the demo's database open")
    return server


@contextmanager
def _ended_by_signals() -> Iterator[Event]:
    """Remove the folder on signals, too."""
    stop = Event()
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {
        signal_number: signal.signal(signal_number, lambda *_: stop.set()) for signal_number in ends
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _clock(now: datetime) -> Clock:
    """The clock of this run: the demo's start time plus the time since."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
