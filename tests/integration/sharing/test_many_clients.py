"""Many clients can query at once, although one query takes most of the engine's memory."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingest.db.local_reader import LocalReader
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from tests.build import Home
from tests.sample_home import everything

CLIENTS = 6
EACH = 5
TIGHT = "24MB"
"""Too little for one query."""
ROOM = "64MB"
"""Enough for one query over all sessions, but not for two."""
LISTED: dict[str, object] = {
    **dict.fromkeys(("project", "branch", "session", "since", "until")),
    "limit": 5000,
    "folder": None,
    "offset": 0,
}


def test_a_query_that_runs_out_of_memory_gets_more(tmp_path: Path) -> None:
    everything(Home(tmp_path / "codex"))
    path = tmp_path / "data" / "t.duckdb"
    found = start_or_connect(path, ServerOptions(homes([tmp_path / "codex"]), Role.FOLLOW))
    assert isinstance(found, RunningServer)
    with found:
        database = found.owner.database
        found.owner.read(found.owner.scan().changed)
        database.execute(f"set memory_limit = '{TIGHT}'")
        with DatabaseClient(path) as client:
            listed = client.rows("sessions.listed", **LISTED)
        database.execute(f"set memory_limit = '{TIGHT}'")
        assert database.rows("sessions.listed", **LISTED) == listed
        database.execute(f"set memory_limit = '{TIGHT}'")
        assert LocalReader(database).run_consistent([("sessions.listed", LISTED)]) == [listed]


def test_simultaneous_clients_are_all_answered(tmp_path: Path) -> None:
    everything(Home(tmp_path / "codex"))
    found = start_or_connect(
        tmp_path / "data" / "t.duckdb", ServerOptions(homes([tmp_path / "codex"]), Role.FOLLOW)
    )
    assert isinstance(found, RunningServer)
    with found:
        found.owner.read(found.owner.scan().changed)
        found.owner.database.execute(f"set memory_limit = '{ROOM}'")

        def ask(_: int) -> list[int]:
            with DatabaseClient(tmp_path / "data" / "t.duckdb") as client:
                return [len(client.rows("sessions.listed", **LISTED)) for _ in range(EACH)]

        with ThreadPoolExecutor(CLIENTS) as threads:
            counts = [count for one in threads.map(ask, range(CLIENTS)) for count in one]
    assert len(counts) == CLIENTS * EACH
    assert len(set(counts)) == 1
