"""What leaves at each level, and nothing else; what stays the same; what can be taken back."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.cli.main import run
from ingest.db.database import Database
from ingest.team.rows import NOUNS
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.team.conftest import Machine, TeamHarness, sending
from tests.postgres import ADMIN
from tests.prepared import PreparedHome
from tests.unit.text.secrets import SECRETS

MORNING = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHARED = "example.invalid/shared"
SECRET = SECRETS["github-token"][0][0]
MARKERS = {
    "title": "Xtitle", "step": "Xstep", "command": "Xcommand", "output": "Xoutput",
    "answer": "Xanswer", "branch": "Xbranch", "path": "Xpath", "late": "Xlate", "folder": "Xfolder",
}  # fmt: skip
"""A word in each text of the shared project; those of the other one end with `other`."""
OF_PLAN = {"title", "step", "answer", "branch", "path", "late", "command"}
"""What a title, a task or a journal quotes."""


def write_project(home: Home, folder: str, suffix: str = "") -> None:
    words = {name: f"{word}{suffix}" for name, word in MARKERS.items()}
    git = {"branch": words["branch"], "repository_url": f"https://example.invalid/{folder}"}
    session = home.session(cwd=f"/home/dev/{words['folder']}", git=git)
    session.prompt(f"{words['title']} of the parser {SECRET}")
    session.plan([(f"Look at {words['step']}", "in_progress")], "One step")
    session.patch({f"{words['path']}.py": "x = 1\n"})
    session.command(f"run-{words['command']}", output=f"{words['output']} " + "text " * 500)
    session.end_turn(f"{words['answer']} works.")
    session.prompt(f"Then {words['late']}")
    session.end_turn("Done.")
    session.write()
    home.clock.tick(60_000)


def prepare(folder: Path) -> None:
    home = Home(folder / "codex")
    write_project(home, "shared")
    write_project(home, "other", "other")
    environment = {
        "CODEX_HOME": str(folder / "codex"),
        "TAILBOARD_DB": str(folder / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(folder / "config.toml"),
    }
    assert run(("ingest", "-q"), environment, MORNING) == 0


@pytest.fixture(scope="session")
def prepared_marks(tmp_path_factory: pytest.TempPathFactory) -> PreparedHome[None]:
    return PreparedHome(lambda: tmp_path_factory.mktemp("marks"), prepare)


@pytest.fixture
def marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prepared_marks: PreparedHome[None]
) -> CliHarness:
    """A machine with a project `shared` and a project `other`."""
    cli = CliHarness(tmp_path, capsys, MORNING)
    cli.prepared_home, _ = prepared_marks.copy_database(tmp_path)
    return cli


def share(cli: CliHarness, team: TeamHarness, level: str, *projects: str) -> None:
    """Share these projects, and send everything."""
    with sending(cli, team) as sender:
        for project in projects or (SHARED,):
            sender.share(project, level)
            sender.job.run({project})
        assert sender.behind == 0


def words_in(text: str) -> set[str]:
    """The names of the markers in a text, without those of the project that is not shared."""
    return {name for name, word in MARKERS.items() if re.search(rf"{word}(?!other)", text)}


def test_each_level_sends_what_it_says_and_nothing_else_is_in_the_server(
    team: TeamHarness, marked: CliHarness
) -> None:
    leaves = {
        "figures": (set(), ("sessions", "usage_days")),
        "plan": (OF_PLAN, ("sessions", "usage_days", "tasks", "journal_entries")),
        "text": (OF_PLAN | {"output"}, NOUNS),
    }
    for level, (texts, nouns) in leaves.items():
        share(marked, team, level)
        dump = team.server.dump(team.database)
        # The folder is in no column; only the name of the project may be called like it.
        assert words_in(dump) - {"folder"} <= texts, level
        assert level == "figures" or {"title", "step"} <= words_in(dump)
        assert "other" not in dump.replace("tailboard other", "")
        assert "/home/dev" not in dump
        assert SECRET not in dump
        filled = {noun for noun in NOUNS if team.count(noun)}
        assert filled == set(nouns), level
    assert words_in(team.server.dump(team.database)) >= OF_PLAN | {"output"}
    # A lower level takes back what it does not include.
    share(marked, team, "figures")
    assert {noun for noun in NOUNS if team.count(noun)} == set(leaves["figures"][1])
    assert words_in(team.server.dump(team.database)) - {"folder"} == set()


def test_the_preview_shows_exactly_the_rows_that_are_stored(
    team: TeamHarness, marked: CliHarness
) -> None:
    shown = marked.json("team", "preview", "Xfolder", "--level", "text")["projects"][0]
    assert shown["masked"]["github-token"] > 0
    assert team.count("sessions") == 0
    share(marked, team, "text")
    for noun in NOUNS:
        previewed = [one["row"] for one in shown["records"] if one["table"] == noun]
        names = list(previewed[0])
        texts = ", ".join(f"{column}::text" for column in names)
        stored = team.rows(f"select {texts} from tailboard.{noun}")
        assert len(previewed) == len(stored) == shown["rows"][noun]
        for column in ("title", "text", "task", "goal", "summary", "branch", "total", "state"):
            if column in names:
                at = names.index(column)
                expected = sorted(str(one[column]) for one in previewed)
                assert sorted(str(row[at]) for row in stored) == expected


def test_pushing_twice_changes_nothing(team: TeamHarness, marked: CliHarness) -> None:
    share(marked, team, "text")
    tables = (*NOUNS, "projects", "installations", "tombstones")

    def versions() -> list[Any]:
        return [
            row for table in tables
            for row in sorted(team.rows(f"select xmin::text, ctid::text from tailboard.{table}"))
        ]  # fmt: skip

    before = versions()
    answer = marked.json("team", "push")["projects"][0]
    assert (answer["behind"], answer["state"]) == (0, "on")
    assert versions() == before
    # Neither if this machine has forgotten what it sent.
    with Database(marked.db) as database, database.transaction():
        database.run("team.drop_project", project=SHARED)
    assert marked.json("team", "push", "--dry-run")["projects"][0]["units"] > 0
    assert marked.run("team", "push").code == 0
    assert versions() == before


def test_a_new_session_is_sent_alone_whatever_its_text(
    team: TeamHarness, marked: CliHarness
) -> None:
    """NUL bytes are replaced, and what does not fit into a row is left out and counted."""
    share(marked, team, "text")
    home = Home(marked.home, start_ms=int(marked.now.timestamp() * 1000))
    git = {"branch": "main", "repository_url": "https://example.invalid/shared"}
    session = home.session(cwd="/home/dev/Xfolder", git=git)
    session.prompt("zero \x00 end")
    session.command("printf", output="a\x00b")
    for part in range(11):
        session.say(" ".join(f"{part}{n:06x}" for n in range(4_096)))
    session.end_turn("nothing \x00 else")
    session.write()
    assert marked.run("ingest", "-q").code == 0
    assert marked.json("team", "push", "--dry-run")["projects"][0]["rows"]["sessions"] == 1
    assert marked.run("team", "push").code == 0
    assert team.count("sessions") == 2
    ((goal, summary, artifacts),) = team.rows(
        "select goal, summary, artifacts from tailboard.memories where goal like 'zero%'"
    )
    assert (goal, summary) == ("zero \ufffd end", "nothing \ufffd else")
    assert artifacts["left_out"] > 0
    assert len(artifacts["messages"]) + len(artifacts["commands"]) + artifacts["left_out"] == 14
    assert artifacts["messages"][-1]["text"] == summary
    assert artifacts["commands"][0]["output"] == "a\ufffdb"


def test_two_installations_with_the_same_sessions_do_not_overwrite_each_other(
    team: TeamHarness, machine: Machine
) -> None:
    one, two = machine(), machine()
    for cli, user in ((one, "anna"), (two, "bert")):
        with sending(cli, team, user) as sender:
            sender.share("example.invalid/sample", "plan")
            sender.step()
    twice = team.rows("select session, count(*) from tailboard.sessions group by session")
    assert twice
    assert {count for _, count in twice} == {2}
    assert len(set(team.rows("select id from tailboard.projects"))) == 1
    one.json("team", "unshare", "sample", "--withdraw")
    assert {row[0] for row in team.rows("select name from tailboard.installations i where exists "
            "(select from tailboard.sessions where installation = i.id)")} == {"Bert"}  # fmt: skip
    sessions = two.json("team", "sessions")["sessions"]
    assert {one["who"] for one in sessions} == {"Bert"}


def test_unsharing_stops_and_withdrawing_leaves_no_row_of_the_project(
    team: TeamHarness, marked: CliHarness
) -> None:
    share(marked, team, "text")
    share(marked, team, "figures", "example.invalid/other")
    assert marked.run("team", "unshare", "shared").code == 0
    assert team.count("sessions") == 2
    assert marked.json("team", "status")["projects"][0]["level"]
    answer = marked.json("team", "unshare", "shared", "--withdraw")
    assert answer["withdrawn"] is True
    assert team.count("sessions") == team.count("projects") == 1
    assert not team.count("memories") + team.count("tasks") + team.count("tombstones")
    assert words_in(team.server.dump(team.database)) <= {"folder"}
    left = [one["project"] for one in marked.json("team", "status")["projects"]]
    assert left == ["other"]
    # It can be shared again.
    share(marked, team, "figures")
    assert team.count("sessions") == 2


def test_a_member_reads_what_is_shared_and_writes_only_as_itself(
    team: TeamHarness, marked: CliHarness
) -> None:
    share(marked, team, "text")
    installation = team.rows("select id from tailboard.installations")[0][0]
    assert team.count("memories", "bert") > 0
    assert marked.run("team", "share", "Xfolder", "--private", "--yes").code == 0
    assert marked.json("team", "push")["projects"][0]["behind"] == 0
    for table in ("sessions", "memories", "journal_entries", "tasks", "usage_days", "projects"):
        assert team.count(table, "anna") > 0
        assert team.count(table, "bert") == 0
    found = "select * from tailboard.search_rows('parser', null, null, null, 10, 0)"
    assert team.rows(found, user="anna")
    assert team.rows(found, user="bert") == []
    everything = "select string_agg(s::text, ' ' order by id) from tailboard.sessions s"
    before = team.rows(everything), team.count("installations")
    team.rows("update tailboard.sessions set title = 'mine'", user="bert")
    team.rows("delete from tailboard.sessions", user="bert")
    team.rows("delete from tailboard.installations", user="bert")
    assert (team.rows(everything), team.count("installations")) == before
    for sql in (
        """insert into tailboard.projects (installation, id, name, level)
        values (%(id)s, gen_random_uuid(), 'x', 'text')""",
        """insert into tailboard.installations (id, member, name, machine)
        values (gen_random_uuid(), 'anna', 'x', 'x')""",
        """insert into tailboard.tombstones (installation, unit, project, reason)
        values (%(id)s, gen_random_uuid(), gen_random_uuid(), 'x')""",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            team.rows(sql, {"id": installation}, user="bert")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        team.rows("update tailboard.installations set member = 'bert'", user="anna")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        team.count("sessions", "stranger")
    assert team.count("sessions", ADMIN) > 0


def test_who_is_not_registered_any_more_is_told_so(team: TeamHarness, marked: CliHarness) -> None:
    marked.run("team", "join", team.url("anna"))
    assert marked.run("team", "share", "Xfolder", "--yes").code == 0
    team.rows("update tailboard.installations set member = 'bert'")
    answer = marked.json("team", "push", code=1)
    assert "not registered" in answer["projects"][0]["error"]
    assert "team join URL" in answer["projects"][0]["hint"]
    batch = marked.json("batches", "list", "--kind", "share")["batches"][0]
    assert (batch["state"], batch["error"]["code"]) == ("dead", "team.unregistered")
