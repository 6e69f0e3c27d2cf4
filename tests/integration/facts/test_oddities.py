"""Facts of shapes that only some releases write."""

from pathlib import Path

from tests.build import Home, oddities
from tests.integration.facts.expectations import Row, StoredHome


def commands(stored: StoredHome, session: str) -> list[Row]:
    return stored.rows("calls", session, kind="command")


def test_refused_calls_are_shown_as_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.refusals(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    found = stored.of("calls", session.thread.id, "status")
    assert [status for (status,) in found] == [
        "declined",
        "declined",
        "failed",
        "aborted",
        "declined",
    ]
    assert stored.rows("files", session.thread.id) == []


def test_a_command_whose_end_follows_its_output_is_counted_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.late_ends(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    found = commands(stored, session.thread.id)
    assert [(row["command"], row["exit_code"]) for row in found] == [
        (one.command, one.exit_code) for one in session.expected.commands
    ]
    (row,) = stored.rows("sessions")
    assert (row["commands"], row["failed_commands"]) == (4, 3)
    assert len(stored.rows("files", session.thread.id)) == 1


def test_a_background_command_ends_with_its_last_output(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.long_command(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    (row,) = stored.rows("calls", session.thread.id)
    (command,) = session.expected.commands
    assert (row["command"], row["status"], row["exit_code"], row["seconds"]) == (
        command.command,
        "failed",
        command.exit_code,
        6.5,
    )


def test_a_turn_failed_only_if_it_needed_an_answer_and_has_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.wordless_turns(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    assert stored.states(session.thread.id) == ["completed", "completed", "failed"]


def test_a_rollback_keeps_the_turn_before_an_interrupted_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.rolled_back(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    assert stored.states(session.thread.id) == ["completed", "rolled_back"]


def test_scripts_that_call_a_shell_are_commands_with_exit_codes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.scripts(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    found = stored.of("calls", session.thread.id, "kind", "command", "status", "exit_code")
    assert found == [
        ("command", "ls a\nls b", "failed", 2),
        ("command", "make", "failed", 2),
    ]


def test_late_records_and_results_of_scripts_belong_to_the_right_call(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = oddities.live(home)
    session.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    id_ = session.thread.id
    found = stored.of("calls", id_, "kind", "command", "turn", "status", "exit_code")
    assert found[-1] == ("command", "make", 1, "failed", 2)
    assert [accepted for accepted, *_ in stored.plans(id_)] == [False]
    assert stored.of("turns", id_, "trigger", "state") == [
        ("user", "completed"),
        ("compact", "completed"),
        ("user", "failed"),
    ]
    assert ("question", "Which colour?") in stored.of("messages", id_, "phase", "text")
    spent = stored.of("usage", id_, "total")
    assert sum(total for (total,) in spent) < 258_400
