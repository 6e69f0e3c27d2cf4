"""A commit without enough memory in the engine is retried for a short time."""

from threading import Event, Thread

import pytest

from ingest.actions import RunReport
from ingest.db.engine import Error
from ingest.db.engine_errors import explain
from ingest.errors import MemoryLimit
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.follow import Owner, Pace, Round
from ingest.pipeline.homes import homes
from ingest.server.owner_file import Role
from tests.build import Home

PATIENCE = 60.0
HASTY = Pace(everything_every=0.1, recent_every=0.1, quiet=0.01, longest=0.05)
TEXT = "Out of Memory Error: failed to allocate data of size 32.0 MiB (91.9 MiB/122.0 MiB used)"


def test_a_statement_without_memory_is_retried(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path_factory.mktemp("crowded")
    session = Home(place / "codex").session()
    session.prompt("Begin")
    session.write()
    read, times = Owner.read, 3
    stop, stored = Event(), Event()
    paused: list[str | None] = []

    def fail_once(self: Owner, *arguments: object) -> RunReport:
        if len(paused) < times:
            raise explain(place / "t.duckdb", Error(TEXT))
        return read(self, *arguments)  # type: ignore[arg-type]

    def on_round(round_: Round) -> None:
        paused.append(round_.report.paused)
        if round_.report.lines:
            stored.set()

    monkeypatch.setattr(Owner, "read", fail_once)
    found = start_or_connect(
        place / "t.duckdb", ServerOptions(homes([place / "codex"]), Role.FOLLOW)
    )
    assert isinstance(found, RunningServer)
    with found:
        found.owner.pause_seconds = 10 * PATIENCE  # As for a full disk; shortened for this test.
        thread = Thread(target=found.owner.follow, args=(stop, on_round), kwargs={"pace": HASTY})
        thread.start()
        try:
            assert stored.wait(PATIENCE)
        finally:
            stop.set()
            thread.join()
    assert paused[:times] == [MemoryLimit.code] * times
