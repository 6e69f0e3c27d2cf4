"""The timeline of a session describes the common tools in everyday words."""

from datetime import timedelta
from pathlib import Path

from ingest.server.client import DatabaseClient
from ingest.sessions.scope import Now
from ingest.sessions.session import unfinished_sessions
from ingest.sessions.timeline import Moment, Tools, load_moments, load_order
from tests.app_harness import running_harness
from tests.build import Home


def moments(tmp_path: Path) -> list[Moment]:
    def write(home: Home) -> None:
        session = home.session(cwd="/home/dev/parser")
        session.prompt("Do it")
        session.patch({"lex.py": "x\n", "names.py": ("a", "b")})
        session.command("pytest -q", 1, "1 failed\n")
        session.end_turn("Done")
        session.write()

    with running_harness(tmp_path, write) as harness, DatabaseClient(harness.db) as remote:
        ((home, session),) = remote.sql("select home, id from v_sessions").rows
        places = [one.at for one in load_order(remote, home, session, Tools.SHORT, words=False)]
        found = load_moments(remote, home, session, places)
        return [found[at] for at in places]


def test_a_patch_names_its_files_and_a_command_itself(tmp_path: Path) -> None:
    text = [(moment.name, moment.head) for moment in moments(tmp_path)]
    assert ("patch", "lex.py, names.py") in text
    assert ("file", "add lex.py") in text
    assert ("run", "pytest -q  exit 1") in text
    assert any("exec_command" in moment.body for moment in moments(tmp_path / "again"))


def test_a_question_is_shown_as_it_was_asked(tmp_path: Path) -> None:
    def write(home: Home) -> None:
        session = home.session()
        session.prompt("Paint the links")
        session.ask_user("Harbour or ice?")
        session.write()

    with running_harness(tmp_path, write) as harness, DatabaseClient(harness.db) as remote:
        now = Now(harness.now, timedelta(minutes=5), timedelta(days=1))
        (session,) = unfinished_sessions(remote, now)
        assert session.state_reason == "request_user_input `Harbour or ice?` waits for an answer"
        places = [
            one.at
            for one in load_order(remote, session.home_id, session.id, Tools.SHORT, words=False)
        ]
        text = load_moments(remote, session.home_id, session.id, places).values()
        assert ("ask", "Harbour or ice?") in [(moment.name, moment.head) for moment in text]
