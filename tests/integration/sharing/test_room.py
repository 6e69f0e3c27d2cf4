"""Many may ask at once, although one question takes most of the memory that the engine may have."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingest.store.client import RemoteDatabase
from ingest.store.doorplate import Role
from ingest.store.local import Local
from ingest.worker.entrance import Owned, Wish, enter
from ingest.worker.homes import homes
from tests.build import Home
from tests.scenes import everything

GUESTS = 6
EACH = 5
TIGHT = "24MB"
"""Too little for a single one."""
ROOM = "64MB"
"""Enough for one question over all sessions, and not for two of them."""
LISTED: dict[str, object] = {
    **dict.fromkeys(("project", "branch", "session", "since", "until")),
    "limit": 5000,
    "offset": 0,
}


def test_a_question_that_finds_no_room_by_itself_is_given_more(tmp_path: Path) -> None:
    everything(Home(tmp_path / "codex"))
    path = tmp_path / "data" / "t.duckdb"
    found = enter(path, Wish(homes([tmp_path / "codex"]), Role.FOLLOW))
    assert isinstance(found, Owned)
    with found:
        database = found.owner.database
        found.owner.read(found.owner.survey().changed)
        database.execute(f"set memory_limit = '{TIGHT}'")
        with RemoteDatabase(path) as guest:
            listed = guest.rows("sessions.listed", **LISTED)
        database.execute(f"set memory_limit = '{TIGHT}'")
        assert database.rows("sessions.listed", **LISTED) == listed
        database.execute(f"set memory_limit = '{TIGHT}'")
        assert Local(database).ask([("sessions.listed", LISTED)]) == [listed]


def test_guests_that_ask_at_once_are_all_answered(tmp_path: Path) -> None:
    everything(Home(tmp_path / "codex"))
    found = enter(tmp_path / "data" / "t.duckdb", Wish(homes([tmp_path / "codex"]), Role.FOLLOW))
    assert isinstance(found, Owned)
    with found:
        found.owner.read(found.owner.survey().changed)
        found.owner.database.execute(f"set memory_limit = '{ROOM}'")

        def ask(_: int) -> list[int]:
            with RemoteDatabase(tmp_path / "data" / "t.duckdb") as guest:
                return [len(guest.rows("sessions.listed", **LISTED)) for _ in range(EACH)]

        with ThreadPoolExecutor(GUESTS) as guests:
            counts = [count for one in guests.map(ask, range(GUESTS)) for count in one]
    assert len(counts) == GUESTS * EACH
    assert len(set(counts)) == 1
