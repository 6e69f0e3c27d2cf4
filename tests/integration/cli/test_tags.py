"""Tags: derived from the work of a session, or added by a user; as filters."""

from ingest.cli.commands.tag import VERB
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness


def written(cli: CliHarness) -> tuple[str, str]:
    """Two ingested sessions: one that changed Python and Rust files, one that only answered."""
    home = Home(cli.home)
    work = home.session(cwd="/home/dev/parser")
    work.prompt("Fix the parser")
    work.command("pytest", output="1 passed")
    work.patch({"src/lex.py": "x = 1\n", "Core/main.rs": "fn main() {}\n"})
    work.patch({"README.md": "Parser\n"})
    work.end_turn("Fixed the parser.")
    work.write()
    talk = home.session(cwd="/home/dev/parser")
    talk.prompt("Explain the parser")
    talk.end_turn("It parses.")
    talk.write()
    assert cli.run("ingest", "-q").code == 0
    return work.thread.id, talk.thread.id


def tags(cli: CliHarness, session: str) -> dict[str, list[str]]:
    listed = cli.json("tag", "--session", session)["tags"]
    return {row["tag"]: row["origins"] for row in listed}


def test_tags_follow_from_folders_languages_and_tools_without_a_step_of_their_own(
    cli: CliHarness,
) -> None:
    work, talk = written(cli)
    found = tags(cli, work)
    assert {tag for tag, origins in found.items() if origins == ["folder"]} == {"src", "core"}
    languages = {tag for tag, origins in found.items() if origins == ["language"]}
    assert languages == {"python", "rust", "markdown"}
    assert any(origins == ["tool"] for origins in found.values())
    assert tags(cli, talk) == {}
    counted = {row["tag"]: row["sessions"] for row in cli.json("tag", "list")["tags"]}
    assert counted["python"] == 1
    assert "python" in cli.run("tag").out
    assert cli.json("report")["coverage"]["tag"] == {"sessions": 1, "share": 0.5}


def test_a_user_adds_and_removes_tags_and_searches_by_them(cli: CliHarness) -> None:
    work, talk = written(cli)
    assert cli.json("tag", "add", talk[:13], "Release", "v1.0")["tags"] == ["release", "v1.0"]
    assert tags(cli, talk)["release"] == ["person"]

    def sessions(*words: str) -> set[str]:
        return {hit["session"] for hit in cli.json("search", *words)["hits"]}

    assert sessions("parser") == {work, talk}
    assert sessions("parser", "tag:python") == {work}
    assert sessions("parser", "tag:RELEASE") == {talk}
    assert sessions("parser", "tag:release", "tag:python") == {work, talk}
    assert sessions("parser", "tag:nothing") == set()
    assert cli.json("tag", "remove", talk, "release")["tags"] == ["v1.0"]
    assert sessions("parser", "tag:release") == set()
    # Derived tags cannot be removed.
    cli.json("tag", "remove", work, "python")
    assert "python" in tags(cli, work)
    assert cli.run("tag", "add", talk, "two words").code == 2
    assert cli.run("tag", "add", "zzz", "release").code == 1


def test_tags_of_users_survive_the_loss_of_the_database(cli: CliHarness) -> None:
    _, talk = written(cli)
    cli.json("tag", "add", talk, "release")
    cli.db.unlink()
    assert cli.run("ingest", "-q").code == 0
    assert tags(cli, talk)["release"] == ["person"]
    question = f"SELECT count(*) FROM v_commands WHERE verb = '{VERB}'"
    assert cli.json("sql", question)["rows"] == [[1]]
