"""The demo's data on a stage where time stands still, and what a screen looks like there.

The clock is the story's now, the zone is UTC, so the same screens give the same pictures.
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
from tests.app_harness import Stage
from tests.build import Home
from tests.pictures.shots import Shot, Size

PLACE = Path(tempfile.gettempdir()) / "tour"
"""Always the same, because projects lie in there and may be seen."""
READ_SECONDS = 30
"""How long after the last line the stage looks."""


@contextmanager
def demonstrated(folder: Path = PLACE) -> Iterator[Stage]:
    """A stage on the demo's data, all of it read; the folder is made, and removed at the end."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    story = shipped()
    folder.mkdir(mode=0o700)
    try:
        DemoWriter(story, folder, datetime.fromtimestamp(story.now_ms / 1000, UTC), UTC).begin()
        home = Home(folder / "codex", start_ms=story.now_ms - READ_SECONDS * 1000)
        stage = Stage(folder, home)
        stage.open()
        try:
            stage.read()
            yield stage
        finally:
            stage.close()
    finally:
        shutil.rmtree(folder)


async def exported(stage: Stage, shot: Shot, size: Size) -> str:
    """The screen as Textual writes it into an SVG."""
    async with stage.opened(*shot.keys, size=size) as (dashboard, _):
        return dashboard.export_screenshot(title="tailboard")
