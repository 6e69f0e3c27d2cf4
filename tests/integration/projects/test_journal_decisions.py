"""Edits of tasks in journals: which tasks are loaded for them."""

from typing import Any

from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Row
from ingest.projects.journal.decisions import load_decisions
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.session import list_sessions
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness


class Watched:
    """A reader that notes of which sessions tasks were loaded."""

    def __init__(self, reader: LocalReader) -> None:
        self.reader = reader
        self.loaded: list[Any] = []

    def rows(self, name: str, /, **values: object) -> list[Row]:
        if name == "tasks.stored":
            self.loaded.append(values["sessions"])
        return self.reader.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self.reader.first_row(name, **values)


def test_an_edit_is_told_without_loading_other_projects_unless_it_names_one(
    cli: CliHarness,
) -> None:
    home = Home(cli.home)
    for project in ("parser", "web"):
        session = home.session(cwd=f"/home/dev/{project}", git=None)
        session.prompt("Do it")
        session.plan([(f"Fix the {project}", "in_progress")])
        session.end_turn("Begun.")
        session.write()
    assert cli.run("ingest", "-q").code == 0
    listed = cli.json("tasks", "--everywhere", "--all")["tasks"]
    ids = {task["text"]: task["id"] for task in listed}
    parser, web = ids["Fix the parser"], ids["Fix the web"]

    def told() -> tuple[list[str], list[Any], list[str]]:
        with Database(cli.db) as database:
            reader = Watched(LocalReader(database))
            sessions = list_sessions(reader, Scope(project="parser"), TIMELESS)
            found = load_decisions(reader, sessions, str)
            return [one.answer for one in found], reader.loaded, [one.id for one in sessions]

    assert cli.run("tasks", "set", parser, "done").code == 0
    assert cli.run("tasks", "set", web, "done").code == 0
    answers, loaded, sessions = told()
    assert [answer.partition(": ")[2] for answer in answers] == ["completed “Fix the parser”"]
    assert loaded == [sessions]
    assert cli.run("tasks", "link", parser, web).code == 0
    answers, loaded, _ = told()
    assert "waits for “Fix the web”" in answers[-1]
    assert None in loaded
