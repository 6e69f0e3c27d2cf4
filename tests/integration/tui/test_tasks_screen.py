"""The tasks screen, as a person at the keyboard uses it."""

from ingest.projects.tasks.model import Task
from tests.app_harness import Stage, settled, shown, steps
from tui.dashboard import Dashboard
from tui.screens.tasks import TasksScreen


def screen(app: Dashboard) -> TasksScreen:
    found = app.screen
    assert isinstance(found, TasksScreen)
    return found


def chosen(app: Dashboard) -> Task:
    task = screen(app).plan.chosen
    assert task is not None
    return task


def said(app: Dashboard) -> str:
    """What was told in passing."""
    return "\n".join(one.message for one in app._notifications)


def state(app: Dashboard, name: str) -> str:
    (task,) = (one for one in screen(app).roadmap.tasks if one.id == name)
    return str(task.state)


async def test_a_graph_is_walked_a_task_completed_and_that_taken_back(stage: Stage) -> None:
    async with stage.opened("2") as (app, pilot):
        walked = [chosen(app).text]
        for key in ("l", "l", "l", "l", "h"):
            await steps(pilot, key)
            walked.append(chosen(app).text)
        assert walked == [
            "Read the failing test", "Fix the parser", "Run the test suite",
            "Write the changelog", "Write the changelog", "Run the test suite",
        ]  # fmt: skip
        name = chosen(app).id
        await steps(pilot, "c")
        assert state(app, name) == "done"
        assert "you say" in shown(app)
        assert "● in progress" in shown(app)
        await steps(pilot, "n")
        assert chosen(app).text == "Write the changelog"
        await steps(pilot, "u")
        assert state(app, name) == "in_progress"
        assert not any(task.edited for task in screen(app).roadmap.tasks)
        await steps(pilot, "u")
        assert "Nothing to undo" in said(app)


async def test_a_link_is_made_by_going_there_and_a_cycle_is_refused_with_its_path(
    stage: Stage,
) -> None:
    async with stage.opened("2", size=(200, 50)) as (app, pilot):
        await steps(pilot, "l", "l")
        run = chosen(app)
        await steps(pilot, "l")
        write = chosen(app)
        await steps(pilot, "h", "D", "l", "enter")
        assert chosen(app).id == run.id
        assert chosen(app).depends_on == [write.id]
        screen(app).plan.choose(write.id)
        await steps(pilot, "D")
        screen(app).plan.choose(run.id)
        await steps(pilot, "enter")
        assert f"dependency cycle: {write.id} (Write the changelog) → {run.id}" in said(app)
        screen(app).plan.choose(run.id)
        await steps(pilot, "x")
        assert chosen(app).depends_on == []
        await steps(pilot, "D", "escape")
        assert "Esc leaves" not in shown(app)


async def test_what_a_person_says_is_asked_for_and_shown(stage: Stage) -> None:
    async with stage.opened("2", size=(200, 50)) as (app, pilot):
        await steps(pilot, "b", *"no", "enter")
        assert "◇ blocked" in shown(app)
        await steps(pilot, "o", *"ada", "enter", "E", *"commit", "space", *"956a49e", "enter")
        await steps(pilot, "m", *"hm", "enter")
        told = shown(app)
        for words in ("ada", "956a49e", "hm"):
            assert words in told
        await steps(pilot, "s", "down", "enter")
        assert chosen(app).state == "ready"
        await steps(pilot, "U")
        assert (chosen(app).state, chosen(app).owner, chosen(app).notes) == ("done", None, [])
        await steps(pilot, "a", *"Ship", "enter")
        assert [task.text for task in screen(app).roadmap.tasks if task.origin == "person"] == [
            "Ship"
        ]
        await steps(pilot, "E", *"nonsense", "enter")
        assert "Like this: commit" in said(app)


async def test_the_task_under_the_cursor_stays_in_every_view(stage: Stage) -> None:
    async with stage.opened("2") as (app, pilot):
        await steps(pilot, "l", "l")
        name = chosen(app).id
        for _ in range(3):
            await steps(pilot, "v")
            assert chosen(app).id == name


async def test_filters_scopes_and_projects_say_what_is_looked_at(stage: Stage) -> None:
    async with stage.opened("2", size=(200, 50)) as (app, pilot):
        assert "parser  14 tasks" in shown(app)
        await steps(pilot, "f", "f", "f")
        assert "show stuck" in shown(app)
        assert {str(task.state) for task in screen(app).plan.found.shown.tasks} == {"waiting"}  # type: ignore[union-attr]
        await steps(pilot, "f", "f", "f")
        for where in ("parser · main", "parser · session", "everything", "parser  14 tasks"):
            await steps(pilot, "O")
            assert where in shown(app)
        await steps(pilot, "right_curly_bracket")
        assert "notes" in shown(app)
        await steps(pilot, "left_curly_bracket", "left_curly_bracket")
        assert "website  11 tasks" in shown(app)


async def test_a_filter_leaves_what_says_the_words_and_escape_shows_all(stage: Stage) -> None:
    async with stage.opened("2") as (app, pilot):
        await steps(pilot, "slash", *"lexer", "enter")
        assert "Refactor the lexer" in shown(app)
        assert "Read the failing test" not in shown(app)
        await steps(pilot, "slash", *"zz", "enter")
        assert "Nothing says “zz” here" in shown(app)
        await steps(pilot, "escape")
        assert "Read the failing test" in shown(app)


async def test_revisions_are_stepped_through_and_escape_comes_back(stage: Stage) -> None:
    async with stage.opened("2", size=(200, 50)) as (app, pilot):
        await steps(pilot, "G", "left_square_bracket", "left_square_bracket")
        assert "rev 4/5" in shown(app)
        assert "* Write the changelog" in shown(app)
        await steps(pilot, "right_square_bracket")
        assert "rev 5/5" in shown(app)
        await steps(pilot, "escape")
        assert "parser  14 tasks" in shown(app)
        assert "to move in time" in shown(app)


async def test_the_mouse_chooses_and_opens_a_task(stage: Stage) -> None:
    async with stage.opened("2", size=(80, 24)) as (app, pilot):
        await pilot.click("Graph", offset=(34, 1))
        await settled(pilot)
        assert chosen(app).text == "Fix the parser"
        await steps(pilot, "enter")
        assert "parser · main" in shown(app)
        await steps(pilot, "escape")
        assert "view graph" in shown(app)


async def test_the_project_stays_although_another_one_moves(stage: Stage) -> None:
    async with stage.opened("2") as (app, pilot):
        assert " parser  " in shown(app)
        other = stage.home.session(cwd="/home/dev/website")
        other.prompt("Something else")
        other.plan([("Begin", "in_progress")], "New")
        other.write()
        stage.read()
        await steps(pilot, "1", "2")
        assert " parser  " in shown(app)
        await steps(pilot, "right_curly_bracket")
        assert " parser  " not in shown(app)
