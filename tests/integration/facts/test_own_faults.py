"""An error of our own code rejects only the line that causes it."""

from pathlib import Path

import pytest

from ingest.codex.identity import Identity
from tests.build import Home
from tests.integration.facts.expectations import StoredHome


def test_the_lines_around_a_faulty_line_are_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a made-up fault")

    home = Home(tmp_path / "home")
    session = home.session("g4", "0.169.0")
    for number in range(2):
        session.prompt(f"question {number}")
        session.end_turn(f"answer {number}")
        session.resume()
    session.write()
    faulty = [line for line in session.lines if b"thread_settings_applied" in line]
    monkeypatch.setattr(Identity, "settings", fails)
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")

    assert stored.messages_of(session.thread.id) == [
        ("user", "question 0"),
        ("assistant", "answer 0"),
        ("user", "question 1"),
        ("assistant", "answer 1"),
    ]
    assert stored.states(session.thread.id) == ["completed", "completed"]
    rejects = stored.rows("rejects")
    assert [reject["length"] + 1 for reject in rejects] == [len(line) for line in faulty]
    assert {reject["reason"] for reject in rejects} == {"fault"}
    assert all("a made-up fault" in reject["trace"] for reject in rejects)
    (source,) = stored.rows("sources", kind="rollout")
    assert source["lines"] == source["stored"] + len(faulty) == len(session.lines)
