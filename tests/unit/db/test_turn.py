"""Of many processes that wait for a database, one at a time has the turn to open it."""

from pathlib import Path

from ingest.db.turn import Turn


def test_one_process_at_a_time_has_the_turn(tmp_path: Path) -> None:
    path, spool = tmp_path / "t.duckdb", tmp_path / "t.duckdb.spool"
    spool.mkdir()
    with Turn(path) as other, Turn(path) as turn:
        assert turn.take()
        assert turn.take()
        assert not other.take()
        turn.give_back()
        assert other.take()
        assert not turn.take()
    assert list(spool.iterdir()) == []


def test_there_is_no_wait_for_a_database_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    with Turn(path) as one, Turn(path) as other:
        assert one.take()
        assert other.take()
