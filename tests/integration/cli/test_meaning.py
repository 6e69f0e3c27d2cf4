"""Search by meaning with the real model, where the optional part `vectors` is installed."""

import pytest

from ingest.db.database import Database
from ingest.projects.git.search_anchors import load_anchors_here
from ingest.sessions.search import embedder
from ingest.sessions.search.embedder import Embedder, is_installed
from tests.build import Home
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness

needs_model = pytest.mark.skipif(not is_installed(), reason="tailboard[vectors] is not installed")


@pytest.fixture
def read(cli: CliHarness) -> CliHarness:
    home = Home(cli.home)
    for prompt, answer in (
        ("The front page takes 3 seconds to load on a phone", "Now it takes one."),
        ("Fix the parser", "It reads dates now."),
    ):
        session = home.session(cwd="/home/dev/parser")
        session.prompt(prompt)
        session.end_turn(answer)
        session.write()
    (cli.tmp / "config.toml").write_text("[search]\nsemantic = true\n")
    assert cli.run("ingest", "-q").code == 0
    return cli


def vectors(cli: CliHarness) -> int:
    with Database(cli.db) as database:
        row = database.execute("select count(*) from vectors").fetchone()
    assert row is not None
    return int(row[0])


@needs_model
def test_a_text_in_other_words_is_found_and_marked_as_similar(read: CliHarness) -> None:
    hits = read.json("search", "slow", "homepage", "on", "smartphones")["hits"]
    similar = [hit for hit in hits if hit["match"] == "similar"]
    assert "front page" in (similar or hits)[0]["excerpt"]
    assert vectors(read) == 4
    # A name has its own hit first, and other kinds of texts have no meaning.
    assert "parser" in read.json("search", "parser")["hits"][0]["excerpt"]
    assert read.json("search", "kind:command", "slow", "homepage")["hits"] == []
    out = read.run("search", "repair", "parsing").out
    assert "Fix the parser" in out
    assert "similar" in out
    # What is read again is no longer what the vectors were made of.
    assert read.run("reset", "--all", "--yes").code == 0
    assert vectors(read) == 0
    (read.tmp / "config.toml").write_text("")
    assert read.json("search", "repair", "parsing")["hits"] == []


@needs_model
def test_the_process_of_the_model_is_started_again_after_it_ended() -> None:
    asked = Embedder()
    first = asked.vectors(["fix failing unit tests", "", "x" * 100_000])
    assert [len(vector) for vector in first] == [256, 256, 256]
    process = asked._process
    assert process is not None
    process.kill()
    process.wait()
    assert asked.vectors(["fix failing unit tests"]) == first[:1]
    asked.close()
    assert asked._process is None


def test_without_the_optional_part_words_are_searched_and_one_sentence_says_why(
    read: CliHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder.embedder_for.cache_clear()
    monkeypatch.setattr(embedder, "find_spec", lambda _: None)
    answer = read.run("search", "parser")
    embedder.embedder_for.cache_clear()
    assert "the optional part `vectors` is not installed" in answer.err
    assert "Fix the parser" in answer.out


def test_at_here_keeps_what_the_checked_out_branch_contains(
    cli: CliHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(cli.tmp / "work")
    commits = {"reachable": repo.commit("Begin")}
    repo.branch("other")
    commits |= {"elsewhere": repo.commit("Try"), "gone": "ab" * 20}
    repo.switch("main")
    home = Home(cli.home)
    for where, commit in commits.items():
        git = {"commit_hash": commit, "branch": "main"}
        session = home.session(cwd=str(repo.path), git=git)
        session.prompt(f"Fix the parser, {where}")
        session.write()
    assert cli.run("ingest", "-q").code == 0
    monkeypatch.chdir(repo.path)
    (hit,) = cli.json("search", "parser", "at:here")["hits"]
    assert (hit["excerpt"], hit["anchor"]) == ("Fix the parser, reachable", "reachable")
    repo.switch("other")
    hits = cli.json("search", "parser", "at:here")["hits"]
    assert {hit["excerpt"] for hit in hits} == {
        "Fix the parser, reachable", "Fix the parser, elsewhere",
    }  # fmt: skip
    with Database(cli.db) as database:
        found = load_anchors_here(database, "work", repo.path, repo.env)
    assert sorted(found.values()) == ["gone", "reachable", "reachable"]
    monkeypatch.chdir("/")
    assert cli.json("search", "parser", "at:here")["hits"] == []
    assert cli.run("search", "parser", "at:there").code == 2
