"""Runs the dashboard on the demo's data at a fixed time and exports its screens.

The clock stands at the recorded time and the time zone is UTC, so the result is reproducible.
"""

import contextlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ingest.cli.main import run
from ingest.demo.story import shipped
from ingest.demo.writer import DemoWriter
from tests.app_harness import AppHarness, press_each, wait_settled
from tests.build import Home
from tests.pictures.shots import USUAL, Printed, Shot, Size, Step

FOLDER = Path(tempfile.gettempdir()) / "tour"
"""A constant, because screens show paths in it."""
READ_SECONDS = 30
"""Seconds between the last line and the fixed time."""


@contextmanager
def demo_harness(folder: Path = FOLDER) -> Iterator[AppHarness]:
    """A harness with the demo's data, in a folder that is removed at the end."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    story = shipped()
    folder.mkdir(mode=0o700)
    try:
        DemoWriter(
            story, folder, datetime.fromtimestamp(story.now_ms / 1000, UTC), UTC
        ).write_past()
        home = Home(folder / "codex", start_ms=story.now_ms - READ_SECONDS * 1000)
        harness = AppHarness(folder, home)
        harness.start_owner()
        try:
            harness.ingest()
            yield harness
        finally:
            harness.stop_owner()
    finally:
        shutil.rmtree(folder)


def printed(harness: AppHarness, shot: Printed) -> str:
    """The output of the command, as Rich writes it into an SVG."""
    env = {"CODEX_HOME": str(harness.home.path), "TAILBOARD_DB": str(harness.db)}
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(output):
        run(shot.arguments, os.environ | env, harness.now.replace(tzinfo=UTC), UTC)
    output.seek(0)
    console = Console(
        record=True, width=shot.columns, file=io.StringIO(), force_terminal=True, highlight=False
    )
    console.print(Text(output.read().rstrip()))
    return console.export_svg(title=f"tailboard {' '.join(shot.arguments)}")


async def exported(harness: AppHarness, shot: Shot, size: Size) -> str:
    """The screen as Textual writes it into an SVG."""
    async with harness.open_dashboard(*shot.keys, size=size) as (dashboard, _):
        return dashboard.export_screenshot(title="tailboard")


async def toured(harness: AppHarness, steps: Sequence[Step]) -> list[str]:
    """The screens of the tour, with their captions in the title of the window."""
    drawn = []
    async with harness.open_dashboard(size=USUAL) as (dashboard, pilot):
        for step in steps:
            await press_each(pilot, *step.keys)
            if step.theme:
                dashboard.theme = step.theme
                await wait_settled(pilot)
            drawn.append(dashboard.export_screenshot(title=step.caption))
    return drawn
