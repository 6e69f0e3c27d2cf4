"""`tailboard tasks`, with and without a running owner."""

import os
from pathlib import Path

import pytest

from ingest.actions import current_user
from ingest.cli import task_listing
from tests.build import Home
from tests.build.line import START_MS
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.report.test_with_an_owner import following

KEYS = {
    "id", "text", "state", "derived_state", "edited", "origin", "session", "project", "branch",
    "depends_on", "blocked_by", "ready", "owner", "evidence", "started_at", "ended_at", "seconds",
}  # fmt: skip


@pytest.fixture
def planned(cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliHarness:
    """One session that stopped half way, read; the current folder is that of its project."""
    folder = tmp_path / "parser"
    folder.mkdir()
    monkeypatch.chdir(folder)
    session = Home(cli.home).session("g3", cwd=str(folder))
    session.prompt("Fix the parser")
    session.plan([("Read", "in_progress"), ("Fix", "pending"), ("Test", "pending")], "Begin")
    session.command("cat lex.py", output="…")
    session.plan([("Read", "completed"), ("Fix", "pending"), ("Test", "pending")], "Go on")
    session.end_turn("Read it.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    return cli


def ids(cli: CliHarness) -> dict[str, str]:
    return {task["text"]: task["id"] for task in cli.json("tasks")["tasks"]}


def state(cli: CliHarness, text: str) -> str:
    (task,) = (one for one in cli.json("tasks")["tasks"] if one["text"] == text)
    return str(task["state"])


def test_the_list_shows_the_state_of_each_task(planned: CliHarness) -> None:
    reply = planned.json("tasks", "list")
    assert reply["schema"] == "tailboard.tasks/1"
    assert set(reply["tasks"][0]) >= KEYS
    assert [(one["text"], one["state"], one["ready"]) for one in reply["tasks"]] == [
        ("Read", "done", False),
        ("Fix", "ready", True),
        ("Test", "pending", False),
    ]
    assert reply["tasks"][0]["evidence"] == [
        {"kind": "command", "ref": "cat lex.py", "by": "observed"}
    ]
    assert [edge["kind"] for edge in reply["edges"]] == ["order", "order"]
    shown = planned.run("tasks")
    assert [line.split()[1:4] for line in shown.out.splitlines()] == [
        ["STATE", "TASK", "FROM"], ["✓", "done", "Read"], ["○", "ready", "Fix"],
        ["○", "pending", "Test"],
    ]  # fmt: skip


def test_filters_and_states_narrow_the_list(planned: CliHarness) -> None:
    for arguments, texts in (
        (["ready"], ["Fix"]),
        (["next"], ["Fix"]),
        (["list", "--ready"], ["Fix"]),
        (["list", "--done"], ["Read"]),
        (["list", "--unproven"], []),
        (["list", "--state", "done", "--state", "pending"], ["Read", "Test"]),
        (["list", "--limit", "1", "--offset", "1"], ["Fix"]),
        (["list", "--project", "parser"], ["Read", "Fix", "Test"]),
    ):
        assert [one["text"] for one in planned.json("tasks", *arguments)["tasks"]] == texts
    assert planned.json("tasks", "next", "--project", "none", code=1)["tasks"] == []


def test_in_the_folder_of_a_project_its_tasks_are_listed(
    planned: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "site"
    Repo(here)
    (here / "src").mkdir()
    later = Home(planned.home, start_ms=START_MS + 60_000)
    session = later.session("g3", cwd=str(here))
    session.prompt("Build the site")
    session.plan([("Paint it", "pending")])
    session.end_turn("Later.")
    session.write()
    planned.run("ingest", "-q")
    for folder in (here, here / "src"):
        monkeypatch.chdir(folder)
        assert [one["text"] for one in planned.json("tasks")["tasks"]] == ["Paint it"]
    assert len(planned.json("tasks", "list", "--everywhere")["tasks"]) == 4
    planned.run("tasks", "add", "Hang it up")
    assert [one["project"] for one in planned.json("tasks")["tasks"]] == ["site", "site"]


def test_an_edit_overrides_the_log_until_it_is_undone(planned: CliHarness) -> None:
    fix = ids(planned)["Fix"]
    done = planned.run("tasks", "complete", fix[:5], "--reason", "by hand")
    assert done.out == f"{fix} ✓ done (log: ready) Fix\n"
    (task,) = planned.json("tasks", "show", fix)["tasks"]
    assert (task["state"], task["derived_state"], task["edited"]) == ("done", "ready", True)
    assert state(planned, "Test") == "ready"
    history = planned.json("tasks", "history", fix)
    assert [one["reason"] for one in history["said"]] == ["by hand"]
    assert [one["number"] for one in history["revisions"]] == [1, 2]
    planned.run("tasks", "undo")
    assert state(planned, "Fix") == "ready"
    assert "undone" in planned.run("tasks", "history", fix).out
    assert planned.run("tasks", "undo").code == 1


def test_a_commit_as_evidence_must_exist_in_the_repository(cli: CliHarness) -> None:
    repo = Repo(cli.tmp / "parser")
    commit = repo.commit("Fix it")
    session = Home(cli.home).session(cwd=str(repo.path))
    session.prompt("Fix the parser")
    session.plan([("Fix", "pending")], "Begin")
    session.write()
    cli.env["PATH"] = os.environ["PATH"]
    assert cli.run("ingest", "-q").code == 0
    task = cli.json("tasks", "--everywhere", "--state", "pending", "--state", "ready")["tasks"][0]
    for name in ("0000000", "-h", "HEAD~9"):
        answer = cli.run("tasks", "evidence", task["id"], "commit", "--", name)
        assert (answer.code, answer.out) == (1, "")
        assert f"has no commit '{name}'" in answer.err
    given = cli.json("tasks", "evidence", task["id"], "commit", commit[:8])["tasks"][0]
    assert given["evidence"] == [{"kind": "commit", "ref": commit, "by": current_user()}]


def test_every_edit_command_works(planned: CliHarness) -> None:
    fix, test = ids(planned)["Fix"], ids(planned)["Test"]
    planned.run("tasks", "block", fix, "--reason", "no server")
    planned.run("tasks", "owner", fix, "ada")
    planned.run("tasks", "evidence", fix, "commit", "956a49e")
    planned.run("tasks", "note", fix, "Ask", "Grace")
    shown = planned.run("tasks", "show", fix).out
    for words in ("◇ blocked (log: ready)", "ada", "commit: 956a49e", "Ask Grace", "no server"):
        assert words in shown
    planned.run("tasks", "reset", fix)
    assert state(planned, "Fix") == "ready"
    added = planned.json("tasks", "add", "Ship", "it", "--project", "parser")["tasks"][0]
    assert (added["origin"], added["state"], added["derived_state"]) == ("person", "ready", None)
    planned.run("tasks", "link", added["id"], test)
    (shipped,) = planned.json("tasks", "show", added["id"])["tasks"]
    assert (shipped["state"], shipped["blocked_by"]) == ("blocked", [test])
    planned.run("tasks", "unlink", added["id"], test)
    assert state(planned, "Ship it") == "ready"
    planned.run("tasks", "set", fix, "cancelled")
    assert state(planned, "Test") == "ready"


def test_a_task_with_its_whole_id_is_shown_with_what_it_is_linked_with_in_other_projects(
    planned: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(planned.home)
    home.clock.tick(3_600_000)
    other = home.session(cwd=str(tmp_path / "printer"))
    other.prompt("Print it")
    other.plan([("Load paper", "in_progress"), ("Print", "pending")], "Begin")
    other.end_turn("Soon.")
    other.write()
    assert planned.run("ingest", "-q").code == 0
    every = planned.json("tasks", "list", "--everywhere")["tasks"]
    named = {task["text"]: task["id"] for task in every}
    assert planned.run("sql", "select count(*) from v_tasks").code == 0  # Writes the tasks.
    fix, paper = named["Fix"], named["Load paper"]
    with monkeypatch.context() as patch:

        def everything(*_: object) -> None:
            raise AssertionError("all projects were loaded")

        patch.setattr(task_listing, "everything", everything)
        alone = planned.json("tasks", "show", fix)
        assert planned.json("tasks", "complete", named["Read"])["tasks"][0]["state"] == "done"
        assert planned.json("tasks", "history", paper)["tasks"][0]["id"] == paper
    assert alone == planned.json("tasks", "show", fix[:6])
    # Each of the two shows the link, from its side.
    linked = planned.json("tasks", "link", fix, paper)
    link = {"source": paper, "target": fix, "kind": "depends"}
    for answer in (
        linked,
        planned.json("tasks", "show", fix),
        planned.json("tasks", "show", paper),
        planned.json("tasks", "set", paper, "in_progress"),
    ):
        assert link in answer["edges"], answer
    assert f"waits for  ● in progress {paper}" in planned.run("tasks", "show", fix).out
    assert f"{fix} Fix" in planned.run("tasks", "show", paper).out
    done = planned.json("tasks", "complete", paper)
    assert link in done["edges"]
    assert planned.json("tasks", "show", fix)["tasks"][0]["ready"] is True
    assert planned.json("tasks", "unlink", fix, paper)["edges"] == alone["edges"]


def test_a_dependency_cycle_is_refused_with_its_path_and_not_recorded(planned: CliHarness) -> None:
    fix, test = ids(planned)["Fix"], ids(planned)["Test"]
    assert planned.run("tasks", "link", fix, test).code == 0
    refused = planned.run("tasks", "link", test, fix)
    assert refused.code == 1
    assert f"{test} (Test) → {fix} (Fix) → {test} (Test)" in refused.err
    assert planned.json("tasks")["refused"] == []
    assert planned.run("tasks", "unlink", test, fix).code == 1
    assert (state(planned, "Fix"), state(planned, "Test")) == ("blocked", "ready")


def test_an_ambiguous_or_unknown_id_is_reported(planned: CliHarness) -> None:
    assert planned.run("tasks", "show", "zz").code == 1
    assert planned.run("tasks", "complete", "").code == 1
    assert planned.run("tasks", "set", ids(planned)["Fix"], "dancing").code == 2
    assert planned.run("tasks", "add", " ").code == 1


def test_the_graph_is_drawn_and_written(planned: CliHarness) -> None:
    assert planned.run("tasks", "graph").out.splitlines()[1] == (
        "│✓ Read├╌╌╌╌╌▷│○ Fix├╌╌╌╌╌▷│○ Test│"
    )
    assert planned.run("tasks", "graph", "--format", "mermaid").out.startswith("flowchart LR\n")
    assert planned.run("tasks", "graph", "--format", "dot").out.startswith("digraph tasks {\n")
    assert len(planned.run("tasks", "graph", "--format", "json").json["edges"]) == 2


def test_edits_survive_the_loss_of_the_database(planned: CliHarness) -> None:
    fix = ids(planned)["Fix"]
    planned.run("tasks", "complete", fix)
    planned.run("tasks", "add", "Ship it", "--project", "parser")
    planned.run("tasks", "note", fix, "by hand")
    before = planned.json("tasks")
    planned.db.unlink()
    assert planned.run("ingest", "-q").code == 0
    assert planned.json("tasks") == before
    planned.run("tasks", "undo")
    assert planned.json("tasks", "show", fix)["tasks"][0]["notes"] == []


def test_edits_of_a_missing_task_are_reported_and_can_be_removed(
    planned: CliHarness,
) -> None:
    fix = ids(planned)["Fix"]
    planned.run("tasks", "complete", fix)
    (path,) = planned.home.rglob("rollout-*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b"update_plan" not in line))
    planned.run("ingest", "-q")
    (lost,) = planned.json("tasks", "--everywhere")["refused"]
    assert f"`tailboard tasks reset {fix}` removes the edit" in lost
    assert planned.run("tasks", "reset", fix[:4]).code == 0
    assert planned.json("tasks", "--everywhere")["refused"] == []


def test_tasks_are_read_and_edited_while_another_process_follows(planned: CliHarness) -> None:
    fix = ids(planned)["Fix"]
    with following(planned):
        assert planned.run("tasks", "complete", fix).code == 0
        assert state(planned, "Fix") == "done"
        planned.run("tasks", "undo")
        assert state(planned, "Fix") == "ready"
        assert planned.run("tasks", "add", "Ship it", "--project", "parser").code == 0
    assert state(planned, "Ship it") == "ready"


def test_without_a_database_the_list_is_empty(cli: CliHarness) -> None:
    assert cli.json("tasks")["tasks"] == []
    assert "No tasks." in cli.run("tasks").err


def test_a_disabled_plan_tool_is_reported_with_a_fix(cli: CliHarness) -> None:
    session = Home(cli.home).session("g4", "0.169.0")
    session.prompt("Begin")
    session.end_turn("Done.")
    session.write()
    cli.run("ingest", "-q")
    assert cli.json("tasks", "--everywhere")["plan_tool_off"] is True
    _, _, switch = cli.run("tasks", "--everywhere").err.strip().rpartition("config.toml: ")
    (cli.home / "config.toml").write_text(f"{switch}\n[features]\n")
    assert "config.toml" not in cli.run("tasks", "--everywhere").err


def test_hostile_text_stays_text(cli: CliHarness) -> None:
    session = Home(cli.home).session("g3")
    session.prompt("Begin")
    session.plan([("\x1b[31mred\x1b[0m\n[bold]x[/bold] \u202e", "pending")])
    session.end_turn("Done.")
    session.write()
    cli.run("ingest", "-q")
    for arguments in ((), ("graph",), ("graph", "--format", "dot")):
        answer = cli.run("tasks", *arguments, "--everywhere")
        assert answer.out
        assert "\x1b" not in answer.out
        assert "\u202e" not in answer.out


def test_an_owner_without_a_name_is_shown_by_a_unique_id_prefix(
    planned: CliHarness,
) -> None:
    (session,) = (one["id"] for one in planned.json("sessions")["sessions"])
    assert planned.run("tasks", "owner", ids(planned)["Fix"], session).code == 0
    out = planned.run("tasks").out
    assert session[:8] in out.split()
    assert session not in out


def test_task_details_are_aligned_in_columns(planned: CliHarness) -> None:
    lines = planned.run("tasks", "show", ids(planned)["Fix"]).out.splitlines()
    column = next(line for line in lines if line.startswith("from ")).index("plan")
    for word in ("project", "after", "before"):
        line = next(line for line in lines if line.startswith(f"{word} "))
        assert line[column - 1] == " " != line[column], line


def test_an_empty_folder_named_git_is_no_repository(
    planned: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sandbox of Codex creates one in each folder that commands may write to, `/tmp` too.
    (tmp_path / ".git").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    answer = planned.run("journal", "export", "--everywhere", "--out", str(tmp_path / "a.md"))
    assert answer.code == 0, answer.err
    assert "is inside the repository" not in answer.err
