"""Of any number of processes that want the database, exactly one becomes its owner."""

from pathlib import Path

from tests.integration.sharing.processes import RACER, running_processes
from tests.soak import SOAK

RACES = 200 if SOAK else 40


def test_two_processes_race_and_exactly_one_wins_each_time(tmp_path: Path) -> None:
    with running_processes() as processes:
        racers = [processes.join(RACER, tmp_path / "t.duckdb") for _ in range(2)]
        for race in range(RACES):
            for order in ("go", "leave"):
                # The order of the signals alternates, so that it does not decide.
                for racer in racers if race % 2 else reversed(racers):
                    processes.send(racer, order)
                text = [processes.read_line()[1][:1] for _ in racers]
                if order == "go":
                    assert sorted(text) == [["client"], ["owner"]], f"race {race}"
                else:
                    assert text == [["left"], ["left"]]


def test_of_several_processes_that_start_at_once_one_creates_the_database(tmp_path: Path) -> None:
    with running_processes() as processes:
        racers = [processes.join(RACER, tmp_path / "new" / "t.duckdb") for _ in range(4)]
        for racer in racers:
            processes.send(racer, "go")
        text = sorted(processes.read_line()[1] for _ in racers)
    assert text == [["client"], ["client"], ["client"], ["owner"]]
