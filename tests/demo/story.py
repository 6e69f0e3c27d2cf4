"""The whole story: four projects of one person, two weeks of them, and the next ten minutes."""

import tempfile
from pathlib import Path

from ingest.demo.story import Story
from tests.demo import infra, notes, parser, website
from tests.demo.moment import NOW_MS
from tests.demo.stage import Stage


def compose() -> Story:
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        projects = [room.tell(stage) for room in (parser, website, notes, infra)]
        return Story(NOW_MS, stage.chapters(), [project.repository() for project in projects])
