"""Opens the dashboard: an owner is started first, so that it loads while the screen loads."""

import os
import sys

from ingest.gc_scheduler import gc_paused
from ingest.settings import Settings
from tui.supervisor import Supervisor, command
from tui.terminal import terminal


def run(settings: Settings, *, mouse: bool = True) -> int:
    """Until the person leaves; the exit code of the program."""
    keeper = Supervisor(settings.db, command(settings))
    keeper.start()
    try:
        # Late: it takes a while, and meanwhile the owner opens the database.
        with gc_paused():
            from rich.console import Console

            from tui.dashboard import Dashboard, Options
            from tui.screens import board  # noqa: F401 - what is shown first, nearly always

        manner = Options(
            mouse=mouse,
            ascii=os.environ.get("TAILBOARD_ASCII", "") not in ("", "0") or not _knows_signs(),
            few_colours=Console(force_terminal=True).color_system == "standard",
        )
        with terminal() as drawn_on:
            dashboard = Dashboard(settings, keeper, manner)
            if drawn_on is not None:
                drawn_on.hung_up = dashboard.hung_up
            return dashboard.run(mouse=mouse) or dashboard.return_code or 0
    finally:
        keeper.close()


def _knows_signs() -> bool:
    """Whether what is written to the terminal can be more than ASCII."""
    drawn_on = sys.__stderr__
    encoding = getattr(drawn_on, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")
