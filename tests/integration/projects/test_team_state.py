"""State files as the memory of a team: the work of one person and their sessions reaches a
clone."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build.home import Home
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness

REMOTE = "https://example.invalid/acme/ledger.git"
FILE = Path("docs", "ai-state", "project_state.json")


class SharedClock:
    """One clock for all machines: each command is run a second after the previous one."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def next(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Person:
    """A colleague: a machine with a database, a Codex home and a clone of the repository."""

    def __init__(
        self,
        name: str,
        folder: Path,
        repo: Repo,
        clock: SharedClock,
        capture: pytest.CaptureFixture[str],
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.name = name
        self.repo = repo
        self.cli = CliHarness(folder, capture, env={"PATH": os.environ.get("PATH", os.defpath)})
        self._clock = clock
        self.cli.home.mkdir(parents=True)
        self.codex = Home(self.cli.home)
        self._patch = patch

    @property
    def file(self) -> Path:
        return self.repo.path / FILE

    def run(self, *words: str, code: int = 0) -> str:
        self._switch_to_person()
        answer = self.cli.run(*words)
        assert answer.code == code, answer.out + answer.err
        return answer.out + answer.err

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        self._switch_to_person()
        return self.cli.json(*words, code=code)

    def _switch_to_person(self) -> None:
        self._patch.setenv("LOGNAME", self.name)
        self._patch.chdir(self.repo.path)
        self.cli.now = self._clock.next()

    def session(
        self, prompt: str, plan: list[tuple[str, str]], *more: list[tuple[str, str]]
    ) -> None:
        session = self.codex.session("g3", cwd=str(self.repo.path), git=self.git())
        session.prompt(prompt)
        for steps in (plan, *more):
            session.plan(steps)
        session.end_turn("Enough for today.")
        session.write()
        self.codex.clock.tick(3_600_000)
        self.run("ingest", "-q")

    def git(self) -> dict[str, str]:
        return {"commit_hash": self.repo.head, "branch": "main", "repository_url": REMOTE}

    def share(self) -> None:
        """Export, commit and push."""
        self.run("state", "export", "--into")
        self.repo.git("add", ".")
        self.repo.git("commit", "--quiet", "--message", f"State of {self.name}")
        self.repo.git("push", "--quiet", "origin", "main")

    def pull(self) -> None:
        self.repo.git("pull", "--quiet", "--no-rebase", "origin", "main")

    def tasks(self) -> dict[str, dict[str, Any]]:
        listed = self.json("tasks", "list")["tasks"]
        found = {one["text"]: one for one in listed}
        assert len(found) == len(listed), [one["text"] for one in listed]
        return found

    def states(self) -> dict[str, str]:
        return {text: one["state"] for text, one in self.tasks().items()}

    def id(self, text: str) -> str:
        return str(self.tasks()[text]["id"])

    def written(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.file.read_text())
        return result


@pytest.fixture
def team(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[Person, Person]:
    """Anna has worked on the ledger; Ben has a fresh clone and no session."""
    people: list[Person] = []
    clock = SharedClock()
    origin = tmp_path / "origin.git"
    first = Repo(tmp_path / "anna" / "ledger")
    first.commit("Start")
    first.git("clone", "--quiet", "--bare", str(first.path), str(origin))
    first.git("remote", "add", "origin", str(origin))
    for name in ("anna", "ben"):
        path = tmp_path / name / "ledger"
        if name != "anna":
            first.git("clone", "--quiet", str(origin), str(path))
        repo = Repo(path, init=False)
        repo.git("config", "user.name", name)
        repo.git("config", "user.email", f"{name}@example.invalid")
        people.append(Person(name, tmp_path / name, repo, clock, capsys, monkeypatch))
    anna, ben = people
    ben.codex.clock.tick(30 * 60_000)
    anna.session(
        "Add a CSV import",
        [
            ("Read the file", "completed"),
            ("Check the amounts", "in_progress"),
            ("Report", "pending"),
        ],
    )
    anna.run("tasks", "add", "Write the manual")
    anna.run("tasks", "owner", anna.id("Write the manual"), "kim")
    anna.run("tasks", "note", anna.id("Report"), "Amounts are integers, in cents")
    anna.run("tasks", "link", anna.id("Write the manual"), anna.id("Report"))
    anna.share()
    ben.pull()
    return anna, ben


def facts(person: Person) -> dict[str, Any]:
    """The tasks, without what depends on where they were read."""
    names = ("id", "state", "owner", "depends_on", "notes")
    return {text: {name: one[name] for name in names} for text, one in person.tasks().items()}


def test_a_clone_without_a_session_lists_the_tasks_without_importing(
    team: tuple[Person, Person],
) -> None:
    anna, ben = team
    here = facts(ben)
    assert here == facts(anna)
    assert here["Write the manual"]["owner"] == "kim"
    assert here["Write the manual"]["depends_on"] == [anna.id("Report")]
    assert here["Report"]["notes"] == ["Amounts are integers, in cents"]
    assert here["Check the amounts"]["state"] == "in_progress"
    said = ben.run("tasks", "list")
    assert "docs/ai-state/project_state.json" in said
    assert "`tailboard state import`" in said


def test_import_into_a_clone_without_a_session_keeps_the_tasks(team: tuple[Person, Person]) -> None:
    anna, ben = team
    ben.run("state", "import", "--yes")
    ben.file.unlink()
    assert facts(ben) == facts(anna)


def test_an_edit_of_a_colleague_is_attributed_to_them(team: tuple[Person, Person]) -> None:
    _, ben = team
    assert "anna: owner kim" in ben.run("tasks", "history", ben.id("Write the manual"))
    changes = ben.json("state", "import", "--yes")["changes"]
    assert {(one["what"], one["by"]) for one in changes if one["what"] == "owner"} == {
        ("owner", "anna")
    }
    history = ben.run("tasks", "history", ben.id("Write the manual"))
    assert "anna: owner kim" in history
    assert "ben:" not in history
    # Undoing one's own last edit never undoes an edit of a colleague.
    ben.run("tasks", "undo", code=1)
    assert ben.tasks()["Write the manual"]["owner"] == "kim"


def test_importing_twice_changes_nothing(team: tuple[Person, Person]) -> None:
    _, ben = team
    ben.run("state", "import", "--yes")
    assert "agree" in ben.run("state", "diff")
    assert ben.json("state", "import", "--yes")["changes"] == []


def test_an_export_keeps_what_only_the_file_knows(team: tuple[Person, Person]) -> None:
    anna, ben = team
    before = anna.written()
    ben.session("Write tests", [("Test the import", "in_progress")])
    ben.run("state", "export", "--into")
    after = ben.written()
    assert after["decisions"] == before["decisions"]
    assert [one["text"] for one in after["tasks"]] == [
        "Read the file", "Check the amounts", "Report", "Test the import", "Write the manual"
    ]  # fmt: skip
    assert before["sessions"][0] in after["sessions"]
    assert len(after["sessions"]) == 2


def test_both_ways_the_files_and_the_tasks_become_the_same(team: tuple[Person, Person]) -> None:
    anna, ben = team
    ben.session("Go on with the amounts", [("Check the amounts", "completed")])
    ben.run("tasks", "owner", ben.id("Report"), "ben")
    ben.share()
    anna.pull()
    assert anna.states()["Check the amounts"] == "done"
    assert anna.tasks()["Report"]["owner"] == "ben"
    anna.run("state", "import", "--yes")
    anna.run("state", "export", "--into")
    assert anna.repo.git("diff", "--", str(FILE)) == ""
    texts = [one["text"] for one in anna.written()["tasks"]]
    assert sorted(set(texts)) == sorted(texts)
    assert facts(anna) == facts(ben)


def test_later_news_of_a_session_elsewhere_replaces_earlier_news(
    team: tuple[Person, Person],
) -> None:
    anna, ben = team
    ben.run("state", "import", "--yes")
    anna.codex.clock.tick(60_000)
    anna.session("Finish", [("Check the amounts", "completed"), ("Report", "in_progress")])
    anna.share()
    ben.pull()
    assert ben.states()["Check the amounts"] == "done"
    ben.run("state", "import", "--yes")
    ben.file.unlink()
    assert ben.states()["Check the amounts"] == "done"


def test_an_undo_travels(team: tuple[Person, Person]) -> None:
    anna, ben = team
    ben.run("state", "import", "--yes")
    anna.run("tasks", "undo")  # The link.
    anna.share()
    ben.pull()
    assert ben.tasks()["Write the manual"]["depends_on"] == []
    ben.run("state", "import", "--yes")
    assert ben.tasks()["Write the manual"]["depends_on"] == []


def test_a_dependency_cycle_between_two_people_is_refused(team: tuple[Person, Person]) -> None:
    anna, ben = team
    manual, report = anna.id("Write the manual"), anna.id("Report")
    anna.run("tasks", "unlink", manual, report)
    anna.share()
    ben.pull()
    ben.run("state", "import", "--yes")
    ben.run("tasks", "link", report, manual)
    anna.run("tasks", "link", manual, report)
    ben.share()
    anna.repo.git("fetch", "--quiet", "origin")
    theirs = anna.repo.path.parent / "theirs.json"
    theirs.write_text(anna.repo.git("show", f"origin/main:{FILE}"))
    found = anna.json("state", "import", str(theirs), "--project", "ledger", "--yes", code=1)
    assert [one["what"] for one in found["changes"] if one["fate"] == "refused"] == ["depends_on"]
    assert anna.tasks()["Report"]["depends_on"] == []


def test_a_step_does_not_move_when_it_begins(team: tuple[Person, Person]) -> None:
    anna, _ = team
    order = [one["text"] for one in anna.written()["tasks"]]
    assert order == ["Read the file", "Check the amounts", "Report", "Write the manual"]
    anna.session("Report first", [("Check the amounts", "pending"), ("Report", "in_progress")])
    anna.run("state", "export", "--into")
    assert [one["text"] for one in anna.written()["tasks"]] == order


def test_a_damaged_file_does_not_stop_reading_commands(team: tuple[Person, Person]) -> None:
    _, ben = team
    ben.file.write_text("{")
    assert "project_state.json" in ben.run("tasks", "list")
    ben.file.unlink()
    os.mkfifo(ben.file)
    ben.run("tasks", "list")
    assert "no regular file" in ben.run("state", "diff", str(ben.file), code=1)


def conflict(anna: Person, ben: Person) -> str:
    """Both export after work of their own, and Anna's pull ends in a conflict."""
    ben.run("state", "import", "--yes")
    ben.session("Test it", [("Test the import", "in_progress")])
    ben.run("tasks", "owner", ben.id("Report"), "ben")
    ben.run("tasks", "complete", ben.id("Check the amounts"))
    ben.share()
    anna.run("tasks", "note", anna.id("Check the amounts"), "Mind the year")
    anna.run("state", "export", "--into")
    anna.repo.git("add", ".")
    anna.repo.git("commit", "--quiet", "--message", "State of anna")
    with pytest.raises(subprocess.CalledProcessError):
        anna.pull()
    text = anna.file.read_text()
    assert "<<<<<<< " in text
    return text


def test_a_file_with_conflict_markers_is_read_field_by_field(team: tuple[Person, Person]) -> None:
    anna, ben = team
    conflict(anna, ben)
    tasks = anna.tasks()
    assert tasks["Report"]["owner"] == "ben"
    assert tasks["Check the amounts"]["state"] == "done"
    assert tasks["Check the amounts"]["notes"] == ["Mind the year"]
    assert "Test the import" in tasks
    anna.run("state", "import", "--yes")
    anna.run("state", "export", "--into")
    assert "<<<<<<<" not in anna.file.read_text()
    assert "agree" in anna.run("state", "diff")
    assert {one["by"] for one in anna.written()["decisions"]} == {"anna", "ben"}


def test_conflicting_changes_of_two_people_are_refused_with_the_lines(
    team: tuple[Person, Person],
) -> None:
    anna, ben = team
    for person, owner in ((ben, "ben"), (anna, "zoe")):
        person.file.write_text(
            person.file.read_text().replace('"owner": "kim"', f'"owner": "{owner}"', 1)
        )
        person.repo.git("commit", "--quiet", "--all", "--message", f"{owner} does it")
    ben.repo.git("push", "--quiet", "origin", "main")
    with pytest.raises(subprocess.CalledProcessError):
        anna.pull()
    lines = anna.file.read_text().splitlines()
    first = next(n for n, line in enumerate(lines, 1) if line.startswith("<<<<<<<"))
    last = next(n for n, line in enumerate(lines, 1) if line.startswith(">>>>>>>"))
    said = anna.run("state", "import", "--yes", code=1)
    assert f"lines {first}-{last}" in said
    assert "owner of “Write the manual”: “zoe” or “ben”" in said
    assert anna.tasks()["Write the manual"]["owner"] == "kim"


def test_a_manual_edit_overrides_an_unchanged_field(team: tuple[Person, Person]) -> None:
    anna, _ = team
    path = anna.file
    text = path.read_text()
    ours, theirs = text, text.replace('"owner": "kim"', '"owner": "ben"', 1)
    path.write_text(f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> theirs\n")
    assert anna.tasks()["Write the manual"]["owner"] == "ben"


def test_markers_around_something_else_are_refused_with_the_lines(
    team: tuple[Person, Person],
) -> None:
    anna, _ = team
    anna.file.write_text("<<<<<<< HEAD\n{\n=======\n[]\n>>>>>>> theirs\n")
    assert "lines 1-5" in anna.run("state", "import", "--yes", code=1)
    anna.file.write_text("{\n<<<<<<< HEAD\n}\n")
    assert "lines 2-3" in anna.run("state", "import", "--yes", code=1)


def test_resume_in_a_clone_without_a_session_says_what_is_open_and_decided(
    team: tuple[Person, Person],
) -> None:
    _, ben = team
    for _ in range(2):
        brief = ben.run("resume")
        assert "- [ ] Check the amounts" in brief
        assert "- [ ] Report" in brief
        assert "- [x] Read the file" in brief
        assert "kim" in brief
        assert "Amounts are integers, in cents" in brief
        assert "Add a CSV import" in brief
        assert "codex resume" not in brief
        found = ben.json("resume")
        assert found["open_steps"][0]["text"] == "Check the amounts"
        assert any(one["by"] == "anna" for one in found["decisions"])
        ben.run("state", "import", "--yes")
    # With a session of his own, and without the file, the imported tasks are still in the brief.
    ben.session("Look around", [("Test the import", "in_progress")])
    ben.file.unlink()
    assert "Amounts are integers, in cents" in ben.run("resume")


def test_resume_says_where_file_and_database_disagree(team: tuple[Person, Person]) -> None:
    anna, _ = team
    text = anna.file.read_text()
    anna.file.write_text(text.replace('"state": "pending"', '"state": "cancelled"', 1))
    found = anna.json("resume")["state_file"]
    assert found == ["“Report”: state is cancelled in the file, pending in the database"]
    brief = anna.run("resume")
    assert "## State file and database disagree" in brief
    assert "state is cancelled in the file" in brief
    anna.file.write_text(text)
    assert anna.json("resume")["state_file"] == []
    anna.run("tasks", "owner", anna.id("Report"), "zoe")
    assert anna.json("resume")["state_file"] == [
        "“Report”: owner is nobody in the file, zoe in the database"
    ]


def test_goals_and_answers_to_codex_reach_a_clone(team: tuple[Person, Person]) -> None:
    anna, ben = team
    session = anna.codex.session(cwd=str(anna.repo.path), git=anna.git())
    session.prompt("Release it")
    session.goal("Release 1.0")
    session.ask_user("Which number?")
    session.answer_user("1.0")
    session.end_turn("I will release 1.0.")
    session.write()
    anna.run("ingest", "-q")
    anna.run("tasks", "goal", "add", "Serve ten users")
    anna.share()
    ben.pull()
    for _ in range(2):
        goals = {text: one["origin"] for text, one in ben.tasks().items()}
        assert goals["Release 1.0"] == goals["Serve ten users"] == "goal"
        assert "Which number? → 1.0" in [one["text"] for one in ben.json("resume")["decisions"]]
        assert "Which number?" in ben.run("resume")
        ben.run("state", "import", "--yes")
    assert "agree" in ben.run("state", "diff")
    ben.file.unlink()
    ben.session("Look around", [("Test the import", "in_progress")])
    assert "Which number?" in ben.run("resume")
    ben.run("state", "export", "--into")
    said = [one["said"] for one in ben.written()["decisions"] if one["about"] == "Which number?"]
    assert said == ["1.0"]
