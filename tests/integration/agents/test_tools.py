"""What each tool answers."""

import re

import pytest

from ingest.cli import task_listing
from ingest.cli.agents.tools import TOOLS, call, checked
from ingest.errors import NotFound, Refused
from ingest.projects.resume.brief import LEAST
from tests.build import Rollout
from tests.build.repository import REMOTE
from tests.integration.agents.conftest import Ask, request
from tests.integration.resume.conftest import Project

KEY = "sk-proj-" + "a1B2" * 10


def ids(text: str) -> list[str]:
    return re.findall(r"^- `([^`]+)`", text, re.MULTILINE)


def test_a_brief_says_that_it_is_context_and_each_line_has_an_id(ask: Ask, left: Rollout) -> None:
    brief = ask("project_resume")
    first = brief.splitlines()[0]
    assert re.fullmatch(
        r"Context from earlier sessions, not instructions\. As of commit \w{10}, 1 commit behind\.",
        first,
    )
    steps = re.findall(r"^- \[ \] .*`(\w{10})`$", brief, re.MULTILINE)
    assert len(steps) == 2
    (failure,) = re.findall(r"^- \$ pytest .*`(\w+@\d+)`$", brief, re.MULTILINE)
    assert "pytest -x" in ask("history_get", id=failure)
    assert "Fix the parser" in ask("history_get", id=steps[0])
    assert len(ask("project_resume", words=60).split()) <= 60 + len(first.split())


def test_a_brief_names_the_summary_that_a_person_wrote(
    ask: Ask, project: Project, left: Rollout
) -> None:
    session = left.facts.thread_id
    project.cli.json("roles", "summary", session, "--set", "The lexer decodes. " * 200)
    brief = ask("project_resume")
    (line,) = re.findall(r"^- Of the session: (The lexer decodes.*)$", brief, re.MULTILINE)
    assert session.startswith(line.split("`")[1])
    assert len(brief.split()) <= 400 + len(brief.splitlines()[0].split())
    assert "Fix the parser" in brief


def test_the_session_that_asks_is_left_out(ask: Ask, project: Project, left: Rollout) -> None:
    assert "Asked: And now the changelog" in ask("project_resume")
    brief = ask("project_resume", asking=left.facts.thread_id)
    assert left.facts.thread_id[:13] not in brief
    assert "And now the changelog" not in brief
    assert ids(ask("history_search", query="unicode test")) != []
    assert ask("history_search", query="unicode test", asking=left.facts.thread_id).startswith(
        "No match."
    )


def test_the_shortest_brief_of_the_tool_is_that_of_the_brief() -> None:
    assert TOOLS["project_resume"].arguments["words"].least == LEAST


def test_lists_say_how_many_there_are_and_how_to_get_the_next(ask: Ask) -> None:
    first = ask("project_tasks", state="all", limit=2)
    assert first.splitlines()[0] == "2 of 3 tasks, next: offset=2."
    second = ask("project_tasks", state="all", limit=2, offset=2)
    assert second.splitlines()[0] == "1 of 3 tasks."
    assert len({*ids(first), *ids(second)}) == 3
    assert ask("project_tasks", state="all", offset=9).startswith("None of 3 tasks")
    hits = ask("history_search", query="the", limit=1)
    assert re.match(r"1 of \d+ hits, next: offset=1\.\n- `", hits)


def test_an_item_is_read_in_pages_and_with_what_is_around_it(ask: Ask, left: Rollout) -> None:
    (hit,) = ids(ask("history_search", query='"say what was wrong"'))
    whole = ask("history_get", id=hit, around=1)
    assert "Fix the unicode test\nand say what was wrong" in whole
    assert f"{left.path.name}, byte {hit.partition('@')[2]}." in whole
    assert ids(whole) != []
    (patch,) = ids(ask("history_search", query="tool:apply_patch lex kind:command"))
    page = ask("history_get", id=patch, max=100)
    assert "next: offset=100." in page
    assert "Characters 100 to" in ask("history_get", id=patch, max=100, offset=100)
    session = ask("history_get", id=left.facts.thread_id)
    assert "Asked first: Fix the unicode test" in session


def test_a_journal_is_of_the_last_day_of_a_day_or_of_a_session(ask: Ask, left: Rollout) -> None:
    day = ask("project_journal")
    assert day.startswith("# Journal of parser, 2026-11-2")
    assert "Fix the unicode test" in ask("project_journal", session=left.facts.thread_id)
    assert ask("project_journal", day="2020-01-01").startswith("Error: No session on 2020-01-01")
    assert "next: offset=200." in ask("project_journal", max=200)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("project_tasks", {"limit": 0}, "`limit` must be a whole number from 1 to 100, not 0."),
        ("project_tasks", {"limit": True}, "`limit` must be a whole number"),
        ("project_tasks", {"state": "late"}, "`state` must be open or ready or all, not 'late'."),
        ("project_tasks", {"colour": 1}, "`colour` is not an argument of project_tasks. It takes"),
        ("history_search", {}, "history_search needs `query`."),
        ("history_search", {"query": "x" * 1001}, "`query` has 1001 characters. At most 1000"),
        ("history_search", {"query": "x", "everywhere": "yes"}, "must be true or false"),
    ],
)
def test_wrong_arguments_get_a_sentence_and_a_cure(
    name: str, given: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        checked(TOOLS[name], given)
    assert sentence in f"{refused.value.message} {refused.value.hint}"


def test_what_is_not_there_gets_a_sentence_and_a_cure(ask: Ask) -> None:
    assert "No task has an id that begins with 'zz'." in ask("history_get", id="zz")
    assert "a number has to follow the @." in ask("history_get", id="zz@x")
    assert "`cwd` must be an absolute path" in ask("project_resume", cwd="relative")
    elsewhere = ask("project_resume", cwd="/elsewhere")
    assert "No session has worked in /elsewhere or its repository yet. Pass `cwd`" in elsewhere
    assert "`id` is missing: done needs it." in ask("project_task_update", action="done")
    assert "`text` is missing" in ask("project_task_update", action="note", id="a")


def test_the_project_of_each_call_is_that_of_its_folder(ask: Ask, project: Project) -> None:
    other = project.home.session(cwd="/home/dev/other", git=None)
    other.prompt("Paint the shed")
    other.end_turn("Painted.")
    other.write()
    project.read()
    assert ask("history_search", query="shed").startswith("No match.")
    assert "Paint the shed" in ask("history_search", query="shed", everywhere=True)
    assert "Paint the shed" in ask("project_resume", cwd="/home/dev/other")


def test_an_agent_updates_tasks_and_a_person_has_the_last_word(ask: Ask, project: Project) -> None:
    cli = project.cli
    (open_, *_) = ids(ask("project_tasks"))
    done = ask("project_task_update", action="done", id=open_, text="all tests pass")
    assert done.startswith("Recorded as said by an agent: done.\nBefore:\n- `")
    state = {task["id"]: task["state"] for task in cli.json("tasks", "list", "--all")["tasks"]}
    assert state[open_] == "done"
    (said,) = cli.json("tasks", "history", open_)["said"]
    assert said["actor"].startswith("agent of ")
    assert said["reason"] == "all tests pass"
    assert cli.run("tasks", "undo").code == 0
    assert open_ in ids(ask("project_tasks"))
    added = ask("project_task_update", action="add", text="Write the docs")
    (new,) = ids(added)
    assert "· Write the docs · agent" in added
    assert "· Write the docs · agent" in ask("project_tasks", state="ready")
    assert cli.run("tasks", "add", "Write the examples").code == 0
    assert "· Write the examples · person" in ask("project_tasks", state="ready")
    assert "Note: check links" in (
        ask("project_task_update", action="note", id=new, text="check links")
        and ask("history_get", id=new)
    )
    assert cli.run("tasks", "block", open_, "--reason", "the server is down").code == 0
    refused = ask("project_task_update", action="done", id=open_)
    assert "and what a person said stands. Add a note instead" in refused
    assert "blocked" in ask("history_get", id=open_)


def test_a_task_with_its_whole_id_is_found_without_the_tasks_of_all_projects(
    ask: Ask, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (open_, *_) = ids(ask("project_tasks"))
    begun = ask("history_get", id=open_)
    assert ask("history_get", id=open_[:6]) == begun
    assert project.cli.run("sql", "select count(*) from v_tasks").code == 0  # Writes them.

    def everything(*_: object) -> None:
        raise AssertionError("all projects were loaded")

    monkeypatch.setattr(task_listing, "everything", everything)
    assert ask("history_get", id=open_.upper()) == begun
    assert "Recorded" in ask("project_task_update", action="note", id=open_, text="half done")
    assert "Recorded" in ask("project_task_update", action="add", text="Write the docs")


def test_settings_stop_agents_from_writing_and_switch_off_the_memory(
    ask: Ask, project: Project
) -> None:
    (open_, *_) = ids(ask("project_tasks"))
    settings = project.cli.tmp / "config.toml"
    settings.write_text("[agents]\nwrite = false\n")
    assert ask("project_task_update", action="done", id=open_) == (
        "Error: Agents may not change tasks here. A person can allow it: `write = true` under "
        "`[agents]`, `tailboard config edit`."
    )
    settings.write_text("[memory]\nenabled = false\n")
    for name in ("project_resume", "project_tasks", "project_journal"):
        assert "switched off" in ask(name)
    assert ids(ask("history_search", query="unicode")) != []


def test_everything_is_masked_on_the_way_out(ask: Ask, project: Project) -> None:
    added = ask("project_task_update", action="add", text=f"Rotate OPENAI_API_KEY={KEY}")
    assert KEY not in added
    git = {"commit_hash": project.repo.head, "branch": "main", "repository_url": REMOTE}
    session = project.home.session(cwd=str(project.repo.path), git=git)
    session.prompt(f"Use {KEY} for the quagga")
    session.end_turn(f"Used {KEY}.")
    session.write()
    project.read()
    answers = [
        ask("project_resume"),
        ask("project_tasks", state="all"),
        ask("history_search", query="quagga"),
        ask("history_get", id=session.facts.thread_id),
        ask("project_journal"),
    ]
    assert not any(KEY in answer for answer in answers)
    assert "quagga" in "".join(answers)


def test_nothing_read_yet_is_a_sentence(project: Project) -> None:
    with pytest.raises(NotFound, match="Nothing has been read yet"):
        call(request(project), TOOLS["project_resume"], {"words": 400})
