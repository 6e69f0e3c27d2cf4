"""Scripted projects with real git, and the facts that a new person must learn from their brief.

The first two were worked on by real Codex releases: 0.171 without the plan tool, and 0.169 with
code mode and agents.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.build import Rollout
from tests.integration.resume.conftest import Project
from tests.recorded_projects import unpack

IMPORT = "Import transactions from CSV files. Amounts must not lose cents."
FEATURE = "feature/csv-import"
STEPS = ("Agree on the format", "Add the import command", "Document the import")


@dataclass(frozen=True)
class Script:
    play: Callable[[Project], None]
    answers: dict[str, str]
    """Each question, with the words of the brief that answer it."""
    open: tuple[str, ...] = ()
    """Every open task of the line of work."""
    failed: tuple[str, ...] = ()
    """Every command of the line of work that failed and never succeeded later."""
    absent: tuple[str, ...] = field(default=())
    """Text that must not be in the brief because it would be wrong."""


def recorded(project: Project, name: str) -> None:
    """The recorded sessions, and a time shortly after the last of them."""
    project.repo = unpack(name, project.cli.home, project.cli.tmp / "recorded")
    ended = max(file.name[8:27] for file in project.cli.home.rglob("rollout-*.jsonl"))
    moment = datetime.strptime(ended, "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
    project.home.clock.ms = int((moment + timedelta(minutes=20)).timestamp() * 1000)


def ledger(project: Project) -> None:
    recorded(project, "ledger")


def ledger_merged(project: Project) -> None:
    recorded(project, "ledger")
    at = project.now + timedelta(minutes=5)
    project.repo.git("merge", "--no-ff", "--quiet", "--message", "Merge", "feature/report", at=at)


def site(project: Project) -> None:
    recorded(project, "site")
    (project.repo.path / "theme.yml").write_text("theme: new\ndark: true\n")


def stepped(project: Project, states: str, commit: str | None = None) -> Rollout:
    """A session on the branch that is checked out, with the plan in these states; it commits."""
    names = {"d": "completed", "i": "in_progress", "p": "pending"}
    session = project.session(project.repo.git("branch", "--show-current"))
    session.prompt("Import CSV files" if states == "ipp" else "Go on with the import")
    session.plan([(text, names[letter]) for text, letter in zip(STEPS, states, strict=True)])
    project.home.clock.tick(60_000)
    if commit is not None:
        sha = project.repo.commit(commit, project.now)
        session.command("git commit -m x", output=f"[{FEATURE} {sha[:7]}] {commit}")
    return session


def planned_and_finished(project: Project) -> None:
    """Planned on main, completed on a branch."""
    first = stepped(project, "ipp")
    first.end_turn("Decision: amounts are integer cents, since floats lose cents.")
    first.write()
    project.repo.branch(FEATURE)
    second = stepped(project, "dip", "Add the import command")
    second.command("pytest -q", exit_code=1, output="1 failed")
    second.command("pytest -q", exit_code=0, output="4 passed")
    second.end_turn("The command works. Next: the manual.")
    second.write()
    third = stepped(project, "ddi", "Document the import")
    third.plan([(text, "completed") for text in STEPS])
    third.end_turn("All three steps are done. I chose one page because the format is small.")
    third.write()
    project.repo.switch("main")


def not_merged(project: Project) -> None:
    planned_and_finished(project)


def merged(project: Project) -> None:
    planned_and_finished(project)
    at = project.now + timedelta(minutes=5)
    project.repo.git("merge", "--no-ff", "--quiet", "--message", "Merge", FEATURE, at=at)


def squashed(project: Project) -> None:
    planned_and_finished(project)
    project.repo.git("merge", "--quiet", "--squash", FEATURE)
    at = project.now + timedelta(minutes=5)
    project.repo.git("commit", "--quiet", "--message", "Import (#1)", at=at)
    project.repo.git("branch", "--quiet", "-D", FEATURE)


def in_the_middle(project: Project) -> None:
    """Killed during a rebase, with a stash, a change and a manual commit; a colleague decides."""
    begun = stepped(project, "dip")
    begun.command("make docs", exit_code=2, output="broken link: format.md")
    begun.patch({"ledger/importer.py": "x = 1\n"})
    begun.open_command("pytest -x")
    begun.die()
    begun.write()
    repo = project.repo
    (repo.path / "Start.txt").write_text("a draft")
    repo.git("stash", "push", "--message", "half of the parser")
    repo.branch("side")
    (repo.path / "Start.txt").write_text("side")
    repo.commit("Side", project.now + timedelta(hours=1))
    repo.switch("main")
    (repo.path / "Start.txt").write_text("main")
    repo.commit("Fix by hand", project.now + timedelta(hours=1))
    with pytest.raises(Exception, match="non-zero"):
        repo.git("rebase", "side")
    project.home.clock.tick(26 * 3_600_000)


def with_agents(project: Project) -> None:
    """Two agents that work on steps when the machine crashes."""
    session = project.session()
    session.prompt("Survey the tests and the docs")
    steps = ("Survey the tests", "Survey the docs", "Write a summary")
    session.plan(list(zip(steps, ("in_progress", "pending", "pending"), strict=True)))
    helper = session.spawn("Survey the tests and report", "tests")
    helper.command("pytest --collect-only", exit_code=3, output="no tests")
    helper.die()
    helper.write()
    session.die()
    session.write()
    project.home.clock.tick(3_600_000)


def by_people(project: Project) -> None:
    """Users answer, add notes and block tasks; the last session was only asked what is next."""
    session = stepped(project, "dip")
    session.ask_user("Comma or semicolon?")
    session.answer_user("semicolon, as the bank writes it")
    session.end_turn("Semicolons it is. Next I will read the header.")
    session.write()
    asked = project.session()
    asked.prompt("What is next?")
    asked.end_turn("The import command is next.")
    asked.write()
    project.read()
    ids = {one["text"]: one["id"] for one in project.cli.json("tasks", "list")["tasks"]}
    tell = project.cli.run
    assert tell("tasks", "note", ids[STEPS[1]], "ask the bank about row 7").code == 0
    assert tell("tasks", "block", ids[STEPS[2]], "--reason", "wait for design").code == 0
    assert tell("tasks", "add", "Rotate the token").code == 0
    assert tell("tasks", "goal", "add", "Books close in March").code == 0


def old_release(project: Project) -> None:
    """A release without plans, outside of any branch."""
    project.home.clock.tick(3_600_000)
    session = project.home.session("g2", cwd=str(project.repo.path), git=None)
    session.prompt(IMPORT)
    session.command("python check.py", exit_code=1, output="ValueError: row 7")
    session.end_turn("It reads the files. We decided to keep amounts as integer cents.")
    session.write()
    project.home.clock.tick(3_600_000)


SCRIPTS = {
    "ledger": Script(
        ledger,
        {
            "What was decided about amounts?": "amounts are integer cents, because floats lose",
            "Is the report merged?": "Not merged: feature/report",
            "What is next?": "Next I will reject rows without an amount",
            "What is it all about?": f"## Objective\n{IMPORT}",
            "What fails?": "$ python3 check_amounts.py → exit 1, 2×: ValueError: empty amount",
            "How do I continue?": "\ncodex resume ",
        },
        failed=("python3 check_amounts.py",),
    ),
    "ledger, merged": Script(
        ledger_merged,
        {
            "Is the report merged?": "Add a monthly report · done on feature/report, merged in ",
            "Why are months written so?": "I chose ISO months because they sort as text.",
            "Who finished it?": "Add a monthly report (done, ",
        },
        failed=("python3 check_amounts.py",),
        absent=("Not merged",),
    ),
    "site": Script(
        site,
        {
            "What is it all about?": "## Objective\nMove the site to the new theme · ",
            "Does Sass stay?": "Sass stays, since the theme needs its variables.",
            "What is broken?": "make links → exit 2: 2 broken links: /about, /team",
            "What was left in the middle?": "- [ ] Add a dark mode",
            "What is next?": "Next: repair the 2 broken links that `make links` reports.",
            "What is not committed?": "Not committed: 1 file: update theme.yml",
        },
        open=("Add a dark mode",),
        failed=("make links", "sleep 2; make build"),
    ),
    "not merged": Script(
        not_merged,
        {
            "Is the import command merged?": "done on feature/csv-import, not merged",
            "What was decided about amounts?": "amounts are integer cents, since floats lose",
            "Where is the work?": "Not merged: feature/csv-import, 2 sessions",
        },
        open=STEPS,
        absent=("pytest -q",),
    ),
    "merged": Script(
        merged,
        {
            "Is the import command merged?": (
                "- [x] Add the import command · done on feature/csv-import, merged in "
            ),
            "What was decided about amounts?": "amounts are integer cents, since floats lose",
            "Why one page?": "I chose one page because the format is small.",
            "What is done?": "## Done (3)\n- [x] Document the import",
            "Who finished it?": "Go on with the import (done, ",
        },
        absent=("- [ ]", "Not merged", "Failures not repaired"),
    ),
    "squashed": Script(
        squashed,
        {
            "Is the import command merged?": (
                "- [x] Add the import command · done on feature/csv-import, merged in "
            ),
            "Who finished it?": "It is on feature/csv-import, and its work came into main with ",
        },
        absent=("- [ ]", "Not merged"),
    ),
    "in the middle": Script(
        in_the_middle,
        {
            "What is next?": "- [ ] Add the import command · next, stalled",
            "What goes on in the checkout?": "A rebase of main was begun and is not finished",
            "What else is not committed?": "conflict Start.txt",
            "Is there anything put aside?": "Stash: On main: half of the parser",
            "Who else committed?": "Fix by hand · Dev",
            "What fails?": "$ make docs → exit 2: broken link: format.md",
            "Which files?": "add ledger/importer.py",
        },
        open=STEPS[1:],
        failed=("make docs",),
    ),
    "with agents": Script(
        with_agents,
        {
            "What is it all about?": "## Objective\nSurvey the tests and the docs",
            "Who works on the tests?": "- [ ] Survey the tests · next, stalled, agent ",
            "How much is left?": "## Open (3)\n",
            "What fails?": "$ pytest --collect-only → exit 3: no tests",
        },
        open=("Survey the tests", "Survey the docs", "Write a summary"),
        failed=("pytest --collect-only",),
        absent=("- [ ] Survey the tests and report", "- [ ] Survey the tests and the docs"),
    ),
    "by people": Script(
        by_people,
        {
            "Which separator?": "Comma or semicolon? → semicolon, as the bank writes it",
            "What is it all about?": "## Objective\nBooks close in March · ",
            "Why does the manual wait?": "blocked “Document the import” (wait for design)",
            "Is there anything to know?": "Add the import command: ask the bank about row 7",
        },
        open=(*STEPS[1:], "Rotate the token"),
    ),
    "old release": Script(
        old_release,
        {
            "What was decided about amounts?": "We decided to keep amounts as integer cents.",
            "What is it all about?": f"## Objective\n{IMPORT}",
            "What fails?": "$ python check.py → exit 1: ValueError: row 7",
        },
        failed=("python check.py",),
    ),
}
