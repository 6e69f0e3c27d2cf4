"""What lies over every screen: help, the command line, and the word that the database is shut."""

import sys
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ingest.settings import Settings
from tests.app_harness import Stage, when
from tests.snapshots.conftest import Picture
from tui.dashboard import Dashboard, Options
from tui.screens.refused import RefusedScreen
from tui.supervisor import Supervisor

DB = Path("/home/dev/.local/share/tailboard/tailboard.duckdb")
LAST_WORDS = (
    f"The database {DB} was written by a newer version: it has migrations up to 99.\n"
    "Update Tailboard, or use another database with --db PATH. Nothing was changed."
)


def test_help_says_what_can_be_done_here(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "question_mark")


def test_the_command_line_offers_what_begins_so(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "colon", "p", "a")


def test_a_database_that_is_shut_is_told_with_what_can_be_done(
    snap_compare: Any, size: tuple[int, int]
) -> None:
    program = f"import sys; sys.stderr.write({LAST_WORDS!r}); sys.exit(3)"
    keeper = Supervisor(DB, [sys.executable, "-c", program])
    keeper.start()
    settings = Settings(codex_homes=(Path("/home/dev/.codex"),), db=DB)
    app = Dashboard(settings, keeper, Options(live=False))

    async def refused(pilot: Pilot[Any]) -> None:
        await when(pilot, lambda: isinstance(pilot.app.screen, RefusedScreen))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=refused)
