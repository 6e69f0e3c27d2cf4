"""Runs the dashboard. Starts the database process first, so that both load at the same time."""

import os
import sys

from ingest.gc_scheduler import gc_paused
from ingest.heap import share_heap
from ingest.settings import Settings
from tui.supervisor import Supervisor, command
from tui.terminal import terminal


def run(settings: Settings, *, mouse: bool = True) -> int:
    """Runs until the person quits. Returns the exit code of the program."""
    supervisor = Supervisor(settings.db, command(settings))
    supervisor.start()
    share_heap()
    try:
        # Imported late: this takes a while, during which the other process opens the database.
        with gc_paused():
            from rich.console import Console

            from tui.dashboard import Dashboard, Options
            from tui.screens import board  # noqa: F401 - nearly always the first screen

        options = Options(
            mouse=mouse,
            ascii=os.environ.get("TAILBOARD_ASCII", "") not in ("", "0") or not _supports_unicode(),
            few_colours=Console(force_terminal=True).color_system == "standard",
        )
        with terminal() as output:
            dashboard = Dashboard(settings, supervisor, options)
            if output is not None:
                output.on_closed = dashboard.terminal_closed
            return dashboard.run(mouse=mouse) or dashboard.return_code or 0
    finally:
        supervisor.close()


def _supports_unicode() -> bool:
    """Whether the encoding of the terminal is a Unicode one."""
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")
