"""`tailboard prune`: its list, its confirmation, and that nothing is read again or damaged."""

from pathlib import Path

import pytest

from tests.build import Home, Rollout
from tests.integration.cli.cli_harness import CliHarness

EVERYTHING = ("--older-than", "0s")


@pytest.fixture(autouse=True)
def advance_a_year(empty: CliHarness) -> None:
    """Move the clock, so that everything is old, even what the program itself wrote just now."""
    empty.now = empty.now.replace(year=empty.now.year + 1)


def archived(cli: CliHarness, generation: str = "g4") -> tuple[Home, Rollout, Rollout]:
    """One archived and one other session, both read."""
    home = Home(cli.home)
    found = []
    for words in ("Old and done", "Still here"):
        session = home.session(generation)
        session.prompt(words)
        session.end_turn("Done.")
        session.write()
        found.append(session)
    home.archive(found[0])
    assert cli.run("ingest", "-q").code == 0
    return home, found[0], found[1]


@pytest.fixture
def repaired(cli: CliHarness) -> CliHarness:
    """One batch failed, was retried by a user, and completed; only such a batch keeps a row."""
    path = next(cli.home.rglob("rollout-*.jsonl"))
    with path.open("ab") as file:
        file.write(path.read_bytes().splitlines(keepends=True)[-1])
    damaged = path.rename(path.with_name(path.name + ".zst"))
    assert cli.run("ingest", "-q").code == 1
    damaged.rename(path)
    assert cli.run("batches", "retry", "--include-dead").code == 0
    assert cli.run("ingest", "-q").code == 0
    return cli


def files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def history(cli: CliHarness) -> list[list[str]]:
    rows = cli.json("batches", "list", "--limit", "100")["batches"]
    return [[move["move"] for move in row["history"]] for row in rows if row["history"]]


def test_a_dry_run_lists_and_deletes_nothing(repaired: CliHarness) -> None:
    cli = repaired
    result = cli.json("prune", *EVERYTHING, "--dry-run")
    assert (result["batches"], result["done"], result["dry_run"]) == (1, False, True)
    assert history(cli) == [["fail", "retry", "complete"]]
    before = cli.json("status")["batches"]
    done = cli.json("prune", *EVERYTHING, "--yes")
    assert (done["batches"], done["moves"], done["done"]) == (1, result["moves"], True)
    assert history(cli) == []
    # Completed batches are counted as before.
    assert cli.json("status")["batches"] == before


def test_without_a_terminal_nothing_is_deleted(repaired: CliHarness) -> None:
    cli = repaired
    answer = cli.run("prune", *EVERYTHING)
    assert answer.code == 2
    assert "--yes" in answer.err
    assert cli.json("prune", *EVERYTHING, "--dry-run")["batches"] == 1


def test_nothing_is_deleted_by_default_and_a_setting_determines_the_age(
    repaired: CliHarness,
) -> None:
    cli = repaired
    assert cli.run("prune").code == 2
    cli.env["TAILBOARD_RETENTION_DAYS"] = "90"
    assert cli.json("prune", "--dry-run")["batches"] == 1
    cli.env["TAILBOARD_RETENTION_DAYS"] = "9000"
    assert cli.json("prune", "--dry-run")["batches"] == 0


@pytest.mark.parametrize("time", ["soon", "2099-01-01"])
def test_an_invalid_or_future_time_is_refused(cli: CliHarness, time: str) -> None:
    assert cli.run("prune", "--older-than", time).code == 2


def test_nothing_is_read_again_after_the_history_was_deleted(cli: CliHarness) -> None:
    cli.run("prune", *EVERYTHING, "--yes")
    assert cli.json("ingest")["lines"] == 0
    assert cli.json("verify")["ok"]


def test_facts_are_deleted_only_on_request_and_only_of_archived_sessions(
    empty: CliHarness,
) -> None:
    _, old, still = archived(empty)
    assert empty.json("prune", *EVERYTHING, "--dry-run")["facts"] == {}
    done = empty.json("prune", *EVERYTHING, "--facts", "--yes")
    assert done["facts"]["turns"] == 1
    assert [one["thread"] for one in done["sources"]] == [old.thread.id]
    assert [one["id"] for one in empty.json("sessions")["sessions"]] == [still.thread.id]


def test_no_file_of_codex_is_changed(empty: CliHarness) -> None:
    archived(empty)
    before = files(empty.home)
    empty.run("prune", *EVERYTHING, "--facts", "--yes")
    assert files(empty.home) == before


@pytest.mark.parametrize("deep", [(), ("--deep",)])
def test_a_pruned_session_is_not_read_again_and_verify_reports_why(
    empty: CliHarness, deep: tuple[str, ...]
) -> None:
    archived(empty)
    empty.run("prune", *EVERYTHING, "--facts", "--yes")
    assert empty.json("ingest")["lines"] == 0
    assert len(empty.json("sessions")["sessions"]) == 1
    document = empty.json("verify", *deep)
    assert document["ok"]
    assert sum("pruned" in one["detail"] for one in document["sources"]) == 1


def test_pruning_twice_does_nothing_the_second_time(empty: CliHarness) -> None:
    archived(empty)
    empty.run("prune", *EVERYTHING, "--facts", "--yes")
    again = empty.json("prune", *EVERYTHING, "--facts", "--yes")
    assert (again["done"], again["facts"], again["sources"]) == (False, {}, [])


def test_a_pruned_session_that_continues_shows_its_new_turns(empty: CliHarness) -> None:
    home, old, _ = archived(empty)
    empty.run("prune", *EVERYTHING, "--facts", "--yes")
    home.unarchive(old)
    old.prompt("Go on after all")
    old.end_turn("Gone on.")
    old.flush_to_disk()
    assert empty.json("ingest")["lines"] > 0
    assert old.thread.id in [one["id"] for one in empty.json("sessions")["sessions"]]
    assert empty.json("verify")["ok"]


def test_a_session_that_another_continues_is_kept(empty: CliHarness) -> None:
    home = Home(empty.home)
    parent = home.session()
    parent.prompt("Think")
    parent.end_turn("Thought.")
    parent.write()
    child = parent.fork()
    child.prompt("Go on")
    child.end_turn("Gone.")
    child.write()
    home.archive(parent)
    empty.run("ingest", "-q")
    result = empty.json("prune", *EVERYTHING, "--facts", "--dry-run")
    assert result["facts"] == {}
    assert [one["why"] for one in result["sources"]] == ["Another session continues it."]


def test_facts_of_a_missing_file_are_kept(empty: CliHarness) -> None:
    _, old, _ = archived(empty)
    old.path.unlink()
    result = empty.json("prune", *EVERYTHING, "--facts", "--dry-run")
    assert result["facts"] == {}
    assert "only copy" in result["sources"][0]["why"]


def test_rejected_lines_and_their_session_are_kept(empty: CliHarness) -> None:
    home = Home(empty.home)
    session = home.session()
    session.prompt("Hi")
    session.end_turn("Ho.")
    session.raw(b"{not json\n")
    session.write()
    home.archive(session)
    empty.run("ingest", "-q")
    result = empty.json("prune", *EVERYTHING, "--facts", "--dry-run")
    assert result["facts"] == {}
    assert "need attention" in result["sources"][0]["why"]


def test_a_report_lists_removable_data_and_its_commands_work(empty: CliHarness) -> None:
    archived(empty)
    could_go = {one["what"]: one for one in empty.json("report")["could_go"]}
    assert could_go["archived_facts"]["items"] == 1
    assert could_go["archived_files"]["whose"] == "codex"
    for one in could_go.values():
        if one["whose"] == "tailboard":
            answer = empty.run(*one["advice"].split()[1:])
            assert answer.code == 0, answer.err
