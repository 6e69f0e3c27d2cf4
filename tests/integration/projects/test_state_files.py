"""The state file in a repository: its place, whether it is current, and its published schema."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.home import Home
from tests.build.line import START_MS
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness
from tests.json_schema import problems

IN_REPOSITORY = Path("docs", "ai-state", "project_state.json")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "ledger")
    repo.commit("Start")
    return repo


@pytest.fixture
def cli(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    """Anna's machine: a session in the repository, read."""
    cli = CliHarness(tmp_path, capsys, env={"PATH": os.environ.get("PATH", os.defpath)})
    monkeypatch.chdir(repo.path)
    session = Home(cli.home).session("g3", cwd=str(repo.path))
    session.prompt("Add a CSV import")
    session.plan([("Read the file", "completed"), ("Check the amounts", "in_progress")])
    session.patch({"csv.py": "import csv\n"})
    session.command("pytest", exit_code=1, output="1 failed")
    session.end_turn("The file is read.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    return cli


def test_check_says_what_to_run_until_the_file_is_current(cli: CliHarness, repo: Repo) -> None:
    answer = cli.run("state", "check")
    assert (answer.code, "does not exist yet" in answer.out) == (1, True)
    assert "`tailboard state export --into`" in answer.out
    assert cli.run("state", "export", "--into").code == 0
    assert (repo.path / IN_REPOSITORY).is_file()
    answer = cli.run("state", "check")
    assert (answer.code, "is current" in answer.out) == (0, True)
    assert cli.run("tasks", "add", "Write the manual").code == 0
    answer = cli.run("state", "check")
    assert (answer.code, "is behind the database" in answer.out) == (1, True)
    assert "`tailboard state export --into`" in answer.out
    assert cli.json("state", "check", code=1)["current"] is False


def test_check_names_the_folder_of_a_file_elsewhere(cli: CliHarness, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    answer = cli.run("state", "check", str(folder / "project_state.json"), "--project", "ledger")
    assert (answer.code, f"`tailboard state export --out {folder}`" in answer.out) == (1, True)
    assert cli.run("state", "export", "--out", str(folder)).code == 0
    assert cli.run("state", "check", str(folder)).code == 0


@pytest.mark.parametrize("folder", ["state", "."])
def test_an_existing_state_file_keeps_its_place(cli: CliHarness, repo: Repo, folder: str) -> None:
    place = repo.path / folder
    assert cli.run("state", "export", "--into", "--out", str(place)).code == 0
    before = (place / "project_state.json").read_bytes()
    assert cli.run("tasks", "add", "Write the manual").code == 0
    assert cli.run("state", "export", "--into").code == 0
    assert (place / "project_state.json").read_bytes() != before
    assert not (repo.path / IN_REPOSITORY).exists()


def test_import_and_diff_read_the_file_of_the_checkout(cli: CliHarness, repo: Repo) -> None:
    assert cli.run("state", "export", "--into").code == 0
    path = repo.path / IN_REPOSITORY
    assert cli.json("state", "diff")["paths"] == [str(path)]
    assert cli.json("state", "import", "--yes")["paths"] == [str(path)]


def test_a_byte_order_mark_is_accepted(cli: CliHarness, repo: Repo) -> None:
    assert cli.run("state", "export", "--into").code == 0
    path = repo.path / IN_REPOSITORY
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert cli.json("state", "diff")["changes"] == []


def test_every_exported_file_fits_the_published_schema(cli: CliHarness, repo: Repo) -> None:
    assert cli.run("tasks", "add", "Write the manual").code == 0
    task = cli.json("tasks", "list")["tasks"][0]["id"]
    assert cli.run("tasks", "note", task, "Mind the year").code == 0
    assert cli.run("tasks", "evidence", task, "file", "csv.py").code == 0
    assert cli.run("tasks", "complete", task).code == 0
    assert cli.run("state", "export", "--into").code == 0
    printed = cli.run("state", "schema")
    assert printed.code == 0
    assert printed.json == cli.json("state", "schema")["files"]
    files = sorted((repo.path / IN_REPOSITORY.parent).rglob("*.json"))
    assert len(files) == 2
    for path in files:
        assert problems(json.loads(path.read_text()), printed.json) == [], path


def test_the_schema_refuses_another_version_and_an_unknown_field(
    cli: CliHarness, repo: Repo
) -> None:
    assert cli.run("state", "export", "--into").code == 0
    schema = cli.run("state", "schema").json
    written = json.loads((repo.path / IN_REPOSITORY).read_text())
    assert problems(written, schema) == []
    assert problems(written | {"schema": "tailboard.project_state/99"}, schema) != []
    assert problems(written | {"tasks": [written["tasks"][0] | {"ownr": 1}]}, schema) != []


def test_each_item_begins_with_its_text(cli: CliHarness, repo: Repo) -> None:
    assert cli.run("state", "export", "--into").code == 0
    tasks = json.loads((repo.path / IN_REPOSITORY).read_text())["tasks"]
    assert [next(iter(one.items())) for one in tasks] == [
        ("text", "Read the file"),
        ("text", "Check the amounts"),
    ]


def test_automatic_files_are_switched_on_for_the_repository(cli: CliHarness, repo: Repo) -> None:
    assert "Off for every project" in cli.run("state", "auto").err
    answer = cli.run("state", "auto", "on")
    assert (answer.code, str(repo.path / IN_REPOSITORY.parent) in answer.out) == (0, True)
    assert [one["folder"] for one in cli.json("state", "auto")["auto"]] == [str(repo.path)]
    assert cli.json("journal", "auto")["auto"] == []
    assert cli.json("state", "auto", "off")["auto"] == []


def test_the_files_are_made_for_people_and_other_machines(cli: CliHarness, repo: Repo) -> None:
    """No path of this machine, no byte offset, no id within a sentence."""
    (repo.path / "src").mkdir()
    remote = "https://example.invalid/ledger.git"
    git = {"commit_hash": repo.head, "branch": "main", "repository_url": remote}
    home = Home(cli.home, start_ms=START_MS + 3_600_000)
    session = home.session("g3", cwd=str(repo.path / "src"), git=git)
    for number in range(5):
        session.prompt(f"Request {number}. With details.")
        session.command("pytest", exit_code=number % 2, output="1 failed")
        session.patch({"amounts.py": f"# {number}\n"})
        session.end_turn(f"Answer {number}. And more.")
    session.prompt("Round the amounts.")
    session.plan([("Round the amounts", "in_progress")])
    session.patch({"tests.py": "# test\n"})
    session.plan([("Round the amounts", "completed")])
    session.write()
    assert cli.run("ingest", "-q").code == 0
    task = cli.json("tasks", "list")["tasks"][0]["id"]
    named = cli.json("sessions")["sessions"][0]["id"]
    assert cli.run("tasks", "evidence", task, "session", named).code == 0
    assert cli.run("state", "export", "--into").code == 0
    folder = repo.path / IN_REPOSITORY.parent
    written = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    sentences = [text for one in written for text in strings(one)]
    assert [text for text in sentences if str(repo.path) in text] == []
    assert [text for text in sentences if " " in text and re.search(UUID, text)] == []
    assert '"byte"' not in json.dumps(written)
    (summary,) = [one["summary"] for one in written if one.get("summary", {}).get("turns", 0) > 3]
    assert summary["files"] == ["src/amounts.py", "src/tests.py"]
    assert summary["earlier"][0] == (
        "Turn 1: asked “Request 0”; answered “Answer 0” (1 command, 1 changed file)."
    )
    assert "1 failed" in summary["earlier"][1]
    assert len(summary["earlier"]) + len(summary["latest"]) == summary["turns"]
    (files,) = {
        tuple(proof["ref"] for proof in one["evidence"] if proof["kind"] == "file")
        for one in written[0]["tasks"]
        if one["text"] == "Round the amounts"
    }
    assert files == ("src/tests.py",)


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)
