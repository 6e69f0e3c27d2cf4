"""A brief answers the questions of a person who was not there, and omits nothing that is open."""

import re

import pytest

from tests.integration.resume.conftest import Project
from tests.integration.resume.scripts import SCRIPTS, Script


@pytest.fixture(params=SCRIPTS)
def played(
    request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch
) -> tuple[Project, Script]:
    script = SCRIPTS[request.param]
    script.play(project)
    monkeypatch.chdir(project.repo.path)
    project.read()
    return project, script


def test_the_answers_are_in_the_brief_and_all_open_work_is_in_it_or_counted(
    played: tuple[Project, Script],
) -> None:
    project, script = played
    short = project.cli.run("resume", "--words", "400").out
    assert len(short.split()) <= 400
    for question, answer in script.answers.items():
        assert answer in short, (question, short)
    for wrong in script.absent:
        assert wrong not in short
    brief = project.cli.run("resume").out
    assert len(brief.split()) <= 800
    for title, wanted in (("Open", script.open), ("Failures not repaired", script.failed)):
        found = rf"^## {title} \((\d+)\)\n(.*?)\n\n"
        section = re.search(found, brief, re.DOTALL | re.MULTILINE)
        assert (section is not None) == bool(wanted), brief
        if section is not None:
            missing = [text for text in wanted if text not in section[2]]
            assert int(section[1]) >= len(wanted), brief
            assert not missing or f"- … {len(missing)} more" in section[2], brief


def test_open_work_equals_the_list_of_tasks(played: tuple[Project, Script]) -> None:
    project, _ = played
    found = project.cli.json("resume")
    shown = [step["text"] for step in found["open_steps"]]
    folded = [also.partition(": ")[2] for step in found["open_steps"] for also in step["also"]]
    tasks = project.cli.json("tasks", "list")["tasks"]
    line = {*found["sessions"], None}
    open_ = [
        task["text"]
        for task in tasks
        if task["state"] not in ("done", "cancelled")
        and line.intersection([one["session"] for one in task["appearances"]] or [None])
    ]
    assert sorted(open_) == sorted([*shown, *folded])
    ids = {task["id"] for task in tasks}
    assert all(step["id"] in ids for step in found["open_steps"])
