"""`tailboard state`: files of a project that a user edits and imports."""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home, scenarios
from tests.integration.cli.cli_harness import CliHarness

FILE = "project_state.json"


@pytest.fixture
def state(cli: CliHarness) -> Path:
    """A home with a few sessions, read, and the folder of its exported state."""
    home = Home(cli.home)
    for one in (scenarios.plan(home), scenarios.goal(home), *scenarios.agents(home)):
        one.write()
    home.clock.tick(600_000)
    # Last, because otherwise the others would complete its steps.
    scenarios.partial(home).write()
    assert cli.run("ingest", "-q").code == 0
    folder = cli.tmp / "state"
    assert export(cli, folder)["paths"][0] == str(folder / FILE)
    return folder


def export(cli: CliHarness, folder: Path) -> dict[str, Any]:
    return cli.json("state", "export", "--project", "sample", "--out", str(folder))


def read(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / FILE).read_text())
    return result


def edit(folder: Path, text: str, **changes: object) -> str:
    """Change a task as a user would with an editor, preferably an open one; returns its id."""
    result = read(folder)
    named = [one for one in (*result["tasks"], *result["goals"]) if one["text"] == text]
    task = min(named, key=lambda one: one["state"] == "done")
    task.update(changes)
    (folder / FILE).write_text(json.dumps(result, indent=2, sort_keys=True, ensure_ascii=False))
    return str(task["id"])


def test_the_same_facts_give_the_same_bytes_whenever_and_wherever(
    cli: CliHarness, state: Path
) -> None:
    before = {path.relative_to(state): path.read_bytes() for path in state.rglob("*.json")}
    assert len(before) == 7
    cli.now += timedelta(days=60)
    cli.env["TAILBOARD_DB"] = str(cli.tmp / "other" / "t.duckdb")
    cli.run("ingest", "-q")
    export(cli, cli.tmp / "again")
    after = {
        path.relative_to(cli.tmp / "again"): path.read_bytes()
        for path in (cli.tmp / "again").rglob("*.json")
    }
    assert after == before


def test_a_session_file_lists_what_is_open(state: Path) -> None:
    files = (json.loads(path.read_text()) for path in (state / "sessions").iterdir())
    (result,) = (one for one in files if one["title"] == "Start the parser refactoring")
    assert [one["text"] for one in result["subtasks"]]
    assert result["summary"]["latest"][0]["answered"].startswith("I fixed the first half")
    assert (state / "sessions").stat().st_mode & 0o777 == 0o700


def test_goals_and_commits_are_in_it(state: Path) -> None:
    result = read(state)
    assert [(one["text"], one["state"]) for one in result["goals"]] == [
        ("Ship the parser fix", "done")
    ]
    assert {one["commit"][:7] for one in result["checkpoints"]} == {"956a49e"}
    assert all((state / one["file"]).is_file() for one in result["sessions"])


def test_the_file_of_a_session_has_the_summary_that_counts(cli: CliHarness, state: Path) -> None:
    session = read(state)["sessions"][0]
    cli.json("roles", "summary", session["id"], "--set", "Half is done; token=s3cr3t-abcdef012345")
    cli.json("roles", "summary", "--project", "sample", "--set", "The parser is fixed.")
    export(cli, state)
    written = {path: json.loads(path.read_text()) for path in (state / "sessions").iterdir()}
    (summary,) = (
        one["summary"]["written"] for one in written.values() if one["summary"]["written"]
    )
    assert summary["text"].startswith("Half is done; token=")
    assert "s3cr3t" not in summary["text"]
    assert (summary["person"], summary["at"][:10]) == (True, "2026-11-21")
    assert written[state / session["file"]]["summary"]["written"] == summary


def test_an_edit_in_the_file_is_shown_confirmed_and_imported(cli: CliHarness, state: Path) -> None:
    result = read(state)
    open_ = next(one["text"] for one in result["tasks"] if one["state"] == "pending")
    task = edit(state, open_, state="done", notes=["by hand"])
    path = str(state / FILE)
    shown = cli.json("state", "diff", path)
    assert [(one["task"], one["what"], one["fate"]) for one in shown["changes"]] == [
        (task, "state", "apply"),
        (task, "note", "apply"),
    ]
    dry = cli.json("state", "import", path, "--dry-run")
    assert dry["changes"] == shown["changes"]
    assert cli.json("state", "diff", path)["changes"] == shown["changes"]
    refused = cli.run("state", "export", "--project", "sample", "--out", str(state))
    assert (refused.code, "tailboard state import" in refused.err) == (1, True)
    assert cli.run("state", "import", path, "--yes").code == 0
    assert cli.json("state", "diff", path)["changes"] == []
    export(cli, state)
    now = next(one for one in read(state)["tasks"] if one["id"] == task)
    assert (now["state"], now["notes"]) == ("done", ["by hand"])
    assert now["log_state"] == "pending"


def test_a_dependency_cycle_in_the_file_is_refused_as_on_the_command_line(
    cli: CliHarness, state: Path
) -> None:
    tasks = read(state)["tasks"]
    texts = [one["text"] for one in tasks]
    first, second = [one for one in tasks if texts.count(one["text"]) == 1][:2]
    edit(state, first["text"], depends_on=[second["id"]])
    edit(state, second["text"], depends_on=[first["id"]])
    path = str(state / FILE)
    shown = cli.json("state", "diff", path)["changes"]
    fates = [one["fate"] for one in shown if one["file"] is not None]
    assert fates == ["apply", "refused"]
    assert cli.run("state", "import", path, "--yes").code == 1
    left = [one["fate"] for one in cli.json("state", "diff", path)["changes"] if one["file"]]
    assert left == ["refused"]


def test_without_a_terminal_nothing_is_imported(cli: CliHarness, state: Path) -> None:
    open_ = next(one["text"] for one in read(state)["tasks"] if one["state"] == "pending")
    edit(state, open_, state="done")
    answer = cli.run("state", "import", str(state / FILE))
    assert answer.code == 2
    assert "Nothing was changed" in answer.err
    assert cli.json("state", "diff", str(state / FILE))["changes"] != []


def test_an_invalid_file_is_reported_with_line_and_column_and_changes_nothing(
    cli: CliHarness, state: Path
) -> None:
    path = state / FILE
    text = path.read_text().replace('"project": "sample"', '"project": 3')
    path.write_text(text)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if '"project": 3' in one)
    answer = cli.run("state", "import", str(path), "--yes")
    assert answer.code == 1
    assert f"{path}:{line}:14: Expected `str`, got `int`" in answer.err


def test_imported_edits_survive_the_loss_of_the_database(cli: CliHarness, state: Path) -> None:
    open_ = next(one["text"] for one in read(state)["tasks"] if one["state"] == "pending")
    edit(state, open_, state="cancelled")
    cli.run("state", "import", str(state / FILE), "--yes")
    cli.db.unlink()
    cli.run("ingest", "-q")
    assert cli.json("state", "diff", str(state / FILE))["changes"] == []


def test_writing_into_a_repository_needs_the_option_into(cli: CliHarness, state: Path) -> None:
    repository = cli.tmp / "repo"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    into = ("state", "export", "--project", "sample", "--out", str(repository))
    refused = cli.run(*into)
    assert (refused.code, "--into" in refused.err) == (1, True)
    assert cli.run(*into, "--into").code == 0
    assert (repository / FILE).is_file()


def test_a_warning_names_the_files_that_git_does_not_ignore(cli: CliHarness, state: Path) -> None:
    cli.env["PATH"] = os.environ["PATH"]
    repository = cli.tmp / "repo"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    into = ("state", "export", "--project", "sample", "--out", str(repository), "--into")
    for ignored, changes in ((), True), ((FILE,), True), ((FILE, "sessions/"), False):
        (repository / ".gitignore").write_text("\n".join(ignored))
        answer = cli.run(*into)
        assert answer.code == 0
        assert (f"{repository} is not ignored by git" in answer.err) is changes


def test_an_unknown_project_is_reported(cli: CliHarness, state: Path) -> None:
    answer = cli.run("state", "export", "--project", "nothing")
    assert (answer.code, "nothing" in answer.err) == (1, True)
