"""`tailboard resume`: the brief for a person who returns to a project."""

import base64
import io
import re
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from ingest.cli.clipboard import copy
from ingest.cli.output import Output
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.errors import GitFailed
from ingest.projects.git.read_repository import Git
from ingest.projects.resume.build import resume
from ingest.sessions.scope import TIMELESS, Scope
from ingest.text.redact import mask
from tests.build import Home, Rollout
from tests.facts_dump import derive_rows_again
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.facts.expectations import owner
from tests.integration.queue.test_with_an_owner import following
from tests.integration.resume.conftest import Project


@pytest.fixture
def resumable(project: Project, left: Rollout) -> Project:
    project.read()
    return project


def test_the_session_of_the_branch_is_chosen_with_all_that_is_open(
    resumable: Project, left: Rollout
) -> None:
    found = resumable.cli.json("resume")
    assert found["session"]["id"] == left.thread.id
    assert found["branch"] == "main"
    assert found["alignment"] == "ahead"
    assert found["chosen_because"].startswith("It is on main and ran when ")
    assert [step["text"] for step in found["open_steps"]] == [
        "Fix the parser",
        "Run the test suite",
    ]
    assert found["last_prompt"] == "And now the changelog \x1b[31m"
    (failure,) = found["failures"]
    assert (failure["command"], failure["times"], failure["output"]) == ("pytest -x", 2, "1 failed")
    assert failure["place"]["turn"] == 1
    assert [file["path"] for file in found["files"]] == ["parser/lex.py"]
    assert [commit["subject"] for commit in found["commits"]] == ["Decode as UTF-8"]
    assert found["command"] == f"codex resume {left.thread.id}"


def test_each_item_has_its_offset_in_the_file(resumable: Project, left: Rollout) -> None:
    found = resumable.cli.json("resume")
    whole = left.path.read_bytes()
    for place, text in (
        (found["asked"]["place"], b"And now the changelog"),
        (found["failures"][0]["place"], b"pytest -x"),
    ):
        assert place["path"] == str(left.path)
        assert text in whole[place["byte"] :].split(b"\n", 1)[0]


def test_the_brief_is_text_that_is_safe_and_the_same_every_time(resumable: Project) -> None:
    first = resumable.cli.run("resume").out
    assert first.startswith("# parser on main\n")
    assert "\x1b" not in first
    assert "- [ ] Fix the parser · next, in progress · 1 h 9 m ago (task " in first
    assert "\n## Continue\nSession " in first
    assert "\ncodex resume " in first
    assert resumable.cli.run("resume").out == first
    assert first.strip() == resumable.cli.json("resume")["brief"].strip()


def test_the_number_of_words_is_limited(resumable: Project) -> None:
    assert len(resumable.cli.run("resume", "--words", "60").out.split()) <= 60
    assert resumable.cli.run("resume", "--words", "5").code == 2


def test_another_branch_or_session_can_be_requested(resumable: Project, left: Rollout) -> None:
    other = resumable.cli.json("resume", "--branch", "feature/x")
    assert other["session"]["title"] == "Refactor the lexer"
    assert other["alignment"] == "other-branch"
    named = resumable.cli.json("resume", "--session", left.thread.id)
    assert named["chosen_because"] == "You named it."


def test_a_project_in_another_folder_is_requested_by_name(
    resumable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert resumable.cli.json("resume", "--project", "parser")["project"] == "parser"
    assert resumable.cli.run("resume", "--project", "nothing").code == 1


def test_the_brief_is_the_same_through_the_owner(resumable: Project) -> None:
    alone = resumable.cli.json("resume")
    with following(resumable.cli):
        assert resumable.cli.json("resume") == alone


def test_without_git_it_still_finds_the_latest(resumable: Project) -> None:
    resumable.cli.env["PATH"] = "/nowhere"
    found = resumable.cli.json("resume")
    assert found["alignment"] == "unknown"
    assert found["alignment_why"] == "Git is not installed."


def test_nothing_to_resume_is_reported(cli: CliHarness) -> None:
    answer = cli.run("resume")
    assert answer.code == 1
    assert "There is no session to resume." in answer.err


def test_edits_of_tasks_are_in_the_brief(resumable: Project) -> None:
    step = resumable.cli.json("resume")["open_steps"][1]
    answer = resumable.cli.run("tasks", "complete", step["id"], "--reason", "by hand")
    assert answer.code == 0, answer.err
    found = resumable.cli.json("resume")
    assert [one["text"] for one in found["open_steps"]] == ["Fix the parser"]
    assert found["decisions"][0]["text"] == "completed “Run the test suite” (by hand)"


def test_a_secret_is_not_in_the_brief(project: Project) -> None:
    token = "gh" + "p_" + "x1Y2" * 9
    one = project.session()
    one.prompt(f"Use {token} to push")
    one.end_turn("Done.")
    one.write()
    project.repo.commit(f"Remove {token}", project.now)
    project.read()
    assert token not in project.cli.run("resume").out
    assert token not in project.cli.run("resume", "--json").out


def test_a_failure_directly_after_a_success_is_kept_in_the_longest_session(
    project: Project,
) -> None:
    one = project.session()
    one.prompt("Begin")
    one.command("make", 0)
    one.command("make", 1)
    one.end_turn("Not done.")
    one.write()
    project.read()
    with Database(project.cli.db) as database:
        # So many turns before it that a turn and a byte no longer fit into one number.
        database.execute(
            "insert into turns by name "
            "select t.* replace (-i as byte, 1 + i as n) from turns t, range(1, 100_000) r(i)"
        )
        derive_rows_again(database)
    (failure,) = project.cli.json("resume")["failures"]
    assert (failure["command"], failure["place"]["turn"]) == ("make", 100_000)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_copy_uses_the_terminal_and_without_one_suggests_a_command(resumable: Project) -> None:
    answer = resumable.cli.run("resume", "--copy")
    assert answer.code == 0
    assert "Not copied: there is no terminal." in answer.err
    assert "\x1b" not in answer.out
    screen, result = Terminal(), io.StringIO()
    assert copy("brief ü", screen, result, Output(screen, result))
    sequence = screen.getvalue()
    assert sequence.startswith("\x1b]52;c;")
    assert sequence.endswith("\x07")
    assert base64.b64decode(sequence[7:-1]).decode() == "brief ü"


def test_a_search_without_a_match_is_no_failure_and_silent_failures_come_last(
    project: Project,
) -> None:
    one = project.session()
    one.prompt("Find out what calls the lexer")
    one.command("make lint", exit_code=2, output="2 errors")
    one.command("python check.py", exit_code=1, output="")
    one.command("rg -n lex_all src", exit_code=1, output="")
    one.command("cd src && git grep lex_all", exit_code=1, output="")
    one.end_turn("Nothing calls it.")
    one.write()
    project.read()
    failures = [failure["command"] for failure in project.cli.json("resume")["failures"]]
    assert failures == ["make lint", "python check.py"]
    (session,) = project.cli.json("sessions")["sessions"]
    assert (session["commands"], session["failed_commands"]) == (4, 2)


def test_ids_in_a_brief_are_unique_among_the_sessions_of_all_projects(
    project: Project, left: Rollout
) -> None:
    project.home.clock.ms -= 2 * 3_600_000
    beside = project.home.session(
        cwd="/home/dev/other", thread_id=f"{left.thread.id[:12]}0{left.thread.id[13:]}"
    )
    beside.prompt("Something else")
    beside.end_turn("Done.")
    beside.write()
    project.home.clock.ms += 2 * 3_600_000
    project.read()
    brief = project.cli.run("resume").out
    places = re.findall(r"\(([0-9a-f-]{8,}) turn", brief)
    assert places
    for place in places:
        assert project.cli.run("show", place).code == 0
    assert f"Session {left.thread.id[:13]}: " in brief


def test_a_running_session_is_named_but_not_resumed(project: Project) -> None:
    one = project.session()
    one.prompt("Fix the parser")
    one.open_command("pytest")
    one.write()
    project.read()
    project.cli.now = project.now.replace(tzinfo=UTC) + timedelta(seconds=5)
    found = project.cli.json("resume")
    assert (found["command"], [each["id"] for each in found["running"]]) == (
        "codex",
        [one.thread.id],
    )
    brief = project.cli.run("resume").out
    assert brief.endswith("Fix the parser is at work now; this begins another one.\ncodex\n")


def test_failures_are_those_of_all_sessions_until_one_of_them_repairs_them(
    project: Project,
) -> None:
    first = project.session()
    first.prompt("Check it")
    first.command("make lint", exit_code=2, output="2 errors")
    first.command("make docs", exit_code=2, output="no such file")
    first.failing_patch("docs/a.md")
    first.failing_patch("docs/b.md")
    first.end_turn("It fails.")
    first.write()
    second = project.session()
    second.prompt("Go on")
    second.command("make  lint", exit_code=0, output="fine")
    second.patch({"docs/b.md": "b"})
    second.end_turn("Half of it.")
    second.write()
    project.read()
    failed = [failure["command"] for failure in project.cli.json("resume")["failures"]]
    assert sorted(failed) == ["make docs", "patch of docs/a.md"]


def test_a_checkout_that_cannot_be_read_is_reported(
    resumable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(git: Git, root: str) -> None:
        raise GitFailed(f"Git did not respond within 2 seconds in {root}.", silent=True)

    monkeypatch.setattr(Git, "work_tree", silent)
    brief = resumable.cli.run("resume").out
    assert "- What is not committed is not known. Git did not respond within 2 seconds" in brief


def test_a_limit_leaves_the_named_session_and_what_came_before_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    sessions = []
    for number in range(6):
        session = home.session()
        session.prompt(f"Do part {number}")
        session.end_turn("Done.")
        session.write()
        sessions.append(session.thread.id)
        home.clock.tick(600_000)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        scope = Scope(session=sessions[2], limit=2)
        found = resume(LocalReader(reading.database), scope, TIMELESS, Git({}), mask)
    assert found is not None
    assert found.session.id == sessions[2]
    assert found.sessions == [sessions[at] for at in (5, 4, 2, 1)]
