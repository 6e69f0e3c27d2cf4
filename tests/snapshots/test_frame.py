"""A snapshot of the database error screen."""

import sys
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ingest.settings import Settings
from tests.app_harness import wait_until
from tui.dashboard import Dashboard, Options
from tui.screens.database_error import DatabaseErrorScreen
from tui.supervisor import Supervisor

DB = Path("/home/dev/.local/share/tailboard/tailboard.duckdb")
OUTPUT = (
    f"The database {DB} was written by a newer version: it has migrations up to 99.\n"
    "Update Tailboard, or use another database with --db PATH. Nothing was changed."
)


def test_database_error_says_what_to_do(snap_compare: Any, size: tuple[int, int]) -> None:
    program = f"import sys; sys.stderr.write({OUTPUT!r}); sys.exit(3)"
    supervisor = Supervisor(DB, [sys.executable, "-c", program])
    supervisor.start()
    settings = Settings(codex_homes=(Path("/home/dev/.codex"),), db=DB)
    app = Dashboard(settings, supervisor, Options(live=False))

    async def show_error(pilot: Pilot[Any]) -> None:
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DatabaseErrorScreen))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=show_error)
