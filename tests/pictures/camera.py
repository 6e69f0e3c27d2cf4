"""Runs the dashboard on the demo's data at a fixed time and exports its screens.

The clock stands at the recorded time and the time zone is UTC, so the result is reproducible.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ingest.demo.story import shipped
from ingest.demo.writer import DemoWriter
from tests.app_harness import AppHarness
from tests.build import Home
from tests.pictures.shots import Shot, Size

FOLDER = Path(tempfile.gettempdir()) / "tour"
"""Always the same, because screens show paths below it."""
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


async def exported(harness: AppHarness, shot: Shot, size: Size) -> str:
    """The screen as Textual writes it into an SVG."""
    async with harness.open_dashboard(*shot.keys, size=size) as (dashboard, _):
        return dashboard.export_screenshot(title="tailboard")
