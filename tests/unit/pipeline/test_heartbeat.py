"""A batch with a slow reader is not stuck: its owner writes heartbeats."""

from datetime import datetime, timedelta
from pathlib import Path

from ingest.db.database import Database
from ingest.pipeline.homes import homes
from ingest.pipeline.job import ReaderOutput
from ingest.pipeline.reader_pool import InProcessReader
from ingest.pipeline.run import HEARTBEAT, IngestRun, RunSettings
from ingest.pipeline.scan import scan_and_register
from tests.build import Home

START = datetime(2026, 11, 21, 12)


class Slow(InProcessReader):
    """Takes three heartbeats to read, and records the heartbeat before each."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.now = START
        self.seen: list[datetime] = []
        self._database = database

    def collect(self) -> list[tuple[int, ReaderOutput]]:
        rows = self._database.execute("select heartbeat_at from batches").fetchall()
        self.seen += [moment for (moment,) in rows]
        if len(self.seen) > 3:
            return super().collect()
        self.now += HEARTBEAT + timedelta(seconds=1)
        return []


def test_the_batch_of_a_slow_reader_has_heartbeats(tmp_path: Path) -> None:
    session = Home(tmp_path / "codex").session()
    session.prompt("Take your time")
    session.write()
    with Database(tmp_path / "t.duckdb") as database:
        readers = Slow(database)
        found = scan_and_register(database, homes([tmp_path / "codex"]), START.isoformat())
        drain = IngestRun(database, RunSettings(), lambda: readers.now)
        report = drain.run(found.changed, readers)
    beat = HEARTBEAT + timedelta(seconds=1)
    assert readers.seen == [START, START + beat, START + 2 * beat, START + 3 * beat]
    assert report.batches == {"completed": 1}
