"""`python -m tests.demo`: composes two weeks and the next ten minutes of four projects, and writes
them to the package.
"""

import tempfile
from pathlib import Path

import ingest.demo
from ingest.demo.story import FILE, Story, packed
from tests.demo import infra, notes, parser, website
from tests.demo.project import NOW_MS
from tests.demo.recorder import DemoRecorder


def compose() -> Story:
    with tempfile.TemporaryDirectory() as folder:
        recorder = DemoRecorder(Path(folder))
        projects = [module.record(recorder) for module in (parser, website, notes, infra)]
        repositories = [project.repository() for project in projects]
        return Story(NOW_MS, recorder.chapters(), repositories)


if __name__ == "__main__":
    data = packed(compose())
    (Path(ingest.demo.__file__).parent / FILE).write_bytes(data)
    print(f"{FILE}: {len(data):,} bytes")
