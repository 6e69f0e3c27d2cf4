"""Fixtures and hooks of all tests."""

import contextlib
import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from ingest.db.database import Database
from ingest.db.engine import connect

# Machines differ in speed and are shared: no example fails because it was slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A shell starts background processes with Ctrl-C ignored, and nohup does the same with the end of
# the terminal; child processes inherit this.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """Collect garbage less often, and never scan what is loaded: saves a tenth of the tests'
    time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Opening a database sets the umask of the process; reset it for the next test."""
    before = os.umask(0o022)
    os.umask(before)
    try:
        return (yield)
    finally:
        os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def new_databases_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Copies one new, empty database instead of creating one for each test: saves a fifth of their
    time.

    Only in this process; tests of creation itself start another one or have a full disk.
    """
    new = tmp_path_factory.mktemp("new") / "tailboard.duckdb"
    Database(new).close()

    def copy_and_connect(path: str, **options: Any) -> Any:
        target = Path(path)
        if not target.exists() and shutil.disk_usage(target.parent).free > 64 * 1024**2:
            # A test without root privileges creates its own.
            with contextlib.suppress(PermissionError):
                shutil.copyfile(new, target)
        return connect(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.db.database.connect", copy_and_connect)
        yield


@pytest.fixture(scope="session", autouse=True)
def style_sheets_are_parsed_once() -> Iterator[None]:
    """Each dashboard of this process uses what the first one with the same theme has parsed."""
    parsed: dict[object, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parse_once(sheet: Stylesheet, *arguments: Any, **named: Any) -> list[RuleSet]:
        key = (arguments, *named.items(), *sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *arguments, **named)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_start_no_readers_in_advance() -> Iterator[None]:
    """A first `ingest` in this process reads a small home itself, without two processes for it.

    A large home still gets readers, and so does a program that a test starts as a process.
    """
    with pytest.MonkeyPatch.context() as patch:
        none_in_advance = SimpleNamespace(start=lambda: None)
        patch.setattr("ingest.cli.commands.ingest.spawn_readers", none_in_advance)
        yield
