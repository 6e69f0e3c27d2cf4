"""A screen that shows sessions loads only those that changed."""

from pathlib import Path

from msgspec.structs import replace

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.sessions.known_sessions import KnownSessions
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.session import list_sessions
from tests.build import Home
from tests.build.rollout import Rollout
from tests.integration.facts.expectations import owner


class Asked:
    """Counts the sessions that are loaded."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sources: list[int] = []

    def rows(self, name: str, /, **values: object) -> list[Row]:
        if name == "sessions.of_sources":
            sources = values["sources"]
            assert isinstance(sources, list)
            self.sources += sources
        return self._database.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._database.first_row(name, **values)


def session(home: Home, text: str) -> Rollout:
    home.clock.tick(60_000)
    rollout = home.session()
    rollout.prompt(text)
    rollout.write()
    return rollout


def test_only_changed_sessions_are_loaded_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    rollouts = [session(home, f"Part {number}") for number in range(5)]
    known = KnownSessions()
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        asked = Asked(reading.database)

        def newest(limit: int = 100) -> int:
            """The number of sessions that were loaded; all are as in any other list."""
            asked.sources.clear()
            listed = list_sessions(reading.database, Scope(limit=limit), TIMELESS)
            assert known.newest(asked, limit, TIMELESS) == listed
            return len(asked.sources)

        assert newest() == 5
        assert newest() == 0
        rollouts[1].end_turn("Done.")
        rollouts[1].write()
        reading.read_once()
        assert newest() == 1
        session(home, "Another one")
        reading.read_once()
        assert newest() == 1
        assert newest(3) == 0
        assert newest() == 3
        reading.database.execute("update homes set path = '/elsewhere'")
        assert newest() == 6


def test_a_session_that_did_not_change_is_idle_after_a_while(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    session(home, "Wait for me")
    known = KnownSessions()
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        (before,) = known.newest(reading.database, 10, TIMELESS)
        assert before.last_at is not None
        later = replace(TIMELESS, moment=before.last_at + 2 * TIMELESS.idle_after)
        assert known.newest(reading.database, 10, later) == list_sessions(
            reading.database, Scope(), later
        )
        assert known.newest(reading.database, 10, later) != [before]
