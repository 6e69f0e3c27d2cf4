"""Of many processes that wait for the database, one at a time tries to open it."""

from pathlib import Path

from ingest.db.opening_turn import OpeningTurn


def test_one_process_at_a_time_has_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    with OpeningTurn(path) as other:
        with OpeningTurn(path) as turn:
            assert turn.take()
            assert turn.take()
            assert not other.take()
        assert other.take()
    assert list(tmp_path.iterdir()) == []


def test_a_database_whose_folder_is_missing_needs_no_turn(tmp_path: Path) -> None:
    with OpeningTurn(tmp_path / "missing" / "t.duckdb") as turn:
        assert turn.take()
