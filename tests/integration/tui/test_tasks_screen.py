"""The tasks screen."""

from msgspec.structs import replace

from ingest.projects.tasks.model import OBSERVED, Evidence, EvidenceKind, Task
from tests.app_harness import AppHarness, press_each, screen_text, wait_settled
from tui.dashboard import Dashboard
from tui.screens.session import SessionScreen
from tui.screens.tasks import TasksScreen


def screen(app: Dashboard) -> TasksScreen:
    assert isinstance(app.screen, TasksScreen)
    return app.screen


def selected(app: Dashboard) -> Task:
    task = screen(app).plan_pane.selected
    assert task is not None
    return task


def notifications(app: Dashboard) -> str:
    return "\n".join(notification.message for notification in app._notifications)


def state(app: Dashboard, name: str) -> str:
    (task,) = (task for task in screen(app).roadmap.tasks if task.id == name)
    return str(task.state)


async def test_a_task_in_the_graph_is_completed_and_that_is_undone(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g") as (app, pilot):
        walked = [selected(app).text]
        for key in ("l", "l", "l", "l", "h"):
            await press_each(pilot, key)
            walked.append(selected(app).text)
        assert walked == [
            "Read the failing test", "Fix the parser", "Run the test suite",
            "Write the changelog", "Write the changelog", "Run the test suite",
        ]  # fmt: skip
        name = selected(app).id
        await press_each(pilot, "d")
        assert state(app, name) == "done"
        assert "set by you" in screen_text(app)
        assert "● in progress" in screen_text(app)
        await press_each(pilot, "ctrl+n")
        assert selected(app).text == "Write the changelog"
        await press_each(pilot, "u")
        assert state(app, name) == "in_progress"
        assert not any(task.edited for task in screen(app).roadmap.tasks)
        assert "Undone: “Run the test suite” set to done" in notifications(app)
        await press_each(pilot, "u")
        assert "Nothing to undo." in notifications(app)


async def test_a_dependency_is_added_by_picking_a_task_and_a_cycle_is_refused(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "A", "g", size=(200, 50)) as (app, pilot):
        await press_each(pilot, "l", "l")
        run = selected(app)
        await press_each(pilot, "l")
        write = selected(app)
        await press_each(pilot, "h", "D", "l", "enter")
        assert selected(app).id == run.id
        assert selected(app).depends_on == [write.id]
        screen(app).plan_pane.select(write.id)
        await press_each(pilot, "D")
        screen(app).plan_pane.select(run.id)
        await press_each(pilot, "enter")
        assert f"dependency cycle: {write.id} (Write the changelog) → {run.id}" in notifications(
            app
        )
        screen(app).plan_pane.select(run.id)
        await press_each(pilot, "delete")
        assert selected(app).depends_on == []
        await press_each(pilot, "D", "escape")
        assert "Esc cancels" not in screen_text(app)


async def test_edits_of_a_task_are_entered_and_shown(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g", size=(200, 50)) as (app, pilot):
        await press_each(pilot, "b", *"no", "enter")
        assert "◇ blocked" in screen_text(app)
        await press_each(pilot, "o", *"ada", "enter", "E", *"commit", "space", *"956a49e", "enter")
        await press_each(pilot, "m", *"hm", "enter")
        text = screen_text(app)
        for entered in ("ada", "956a49e", "hm"):
            assert entered in text
        await press_each(pilot, "equals_sign", "down", "enter")
        assert selected(app).state == "ready"
        await press_each(pilot, "U")
        assert (selected(app).state, selected(app).owner, selected(app).notes) == ("done", None, [])
        await press_each(pilot, "a", *"Ship", "enter")
        assert [task.text for task in screen(app).roadmap.tasks if task.origin == "person"] == [
            "Ship"
        ]
        await press_each(pilot, "E", *"nonsense", "enter")
        assert "Example: commit" in notifications(app)


async def test_the_selected_task_stays_selected_in_every_view(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g") as (app, pilot):
        await press_each(pilot, "l", "l")
        name = selected(app).id
        for _ in range(3):
            await press_each(pilot, "v")
            assert selected(app).id == name


async def test_done_tasks_are_hidden_until_asked_for(harness: AppHarness) -> None:
    async with harness.open_dashboard("2") as (app, pilot):
        assert "Read the failing test" not in screen_text(app)
        assert "A shows 7 done" in screen_text(app)
        await press_each(pilot, "A", "g")
        assert "Read the failing test" in screen_text(app)
        assert "A shows" not in screen_text(app)


async def test_what_was_asked_for_is_shown_at_once_in_the_table(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "v", "v", size=(80, 24)) as (app, pilot):
        assert "view table" in screen_text(app)
        table = screen(app).plan_pane.table
        before = table.length
        await press_each(pilot, "G", "A")
        assert table.length > before
        assert table.pending_keys is None
        for key in ("F", "F", "F", "A"):
            await press_each(pilot, key)
            assert table.pending_keys is None
            plan = screen(app).plan_pane.plan
            assert plan is not None
            assert table.length == len(plan.shown.tasks) or not plan.shown.tasks


async def test_a_completed_task_whose_row_stays_in_the_list_is_shown_as_done(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "v", "v") as (app, pilot):
        table = screen(app).plan_pane.table
        await press_each(pilot, "d")
        assert table.row is not None
        assert "done" in table.row.visible_text()


async def test_tasks_are_grouped_by_session_and_a_title_opens_its_session(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "v", "v", "v", size=(200, 50)) as (app, pilot):
        text = screen_text(app)
        assert "view by session" in text
        assert "Refactor the lexer" in text
        await press_each(pilot, "j")
        task = selected(app)
        assert f"session     {screen(app).plan_pane.plan.title(task.session or '')}" in (  # type: ignore[union-attr]
            screen_text(app)
        )
        await press_each(pilot, "g", "d")
        assert "nothing here that it could change" in notifications(app)
        session = screen(app).plan_pane.selected_session
        await press_each(pilot, "enter")
        assert isinstance(app.screen, SessionScreen)
        assert app.screen.session_id == session


async def test_a_task_says_what_it_waits_for(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", size=(200, 50)) as (app, pilot):
        plan = screen(app).plan_pane.plan
        assert plan is not None
        write = next(task for task in plan.shown.tasks if task.text == "Write the changelog")
        screen(app).plan_pane.select(write.id)
        await wait_settled(pilot)
        assert "waits for   ● Run the test suite" in screen_text(app)


async def test_a_task_of_many_sessions_shows_its_newest_evidence(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", size=(200, 50)) as (app, pilot):
        many = [Evidence(EvidenceKind.COMMAND, f"make part{n}", OBSERVED) for n in range(1_050)]
        task = replace(selected(app), evidence=many)
        screen(app).detail.show_task(task, screen(app).roadmap, {})
        await wait_settled(pilot)
        shown = screen_text(app)
        assert "Evidence, the last 20 of 1,050" in shown
        assert "make part1030" in shown
        assert "make part1029" not in shown


async def test_filter_scope_and_project_are_shown(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g", size=(200, 50)) as (app, pilot):
        assert "parser  13 tasks" in screen_text(app)
        await press_each(pilot, "F", "F", "F")
        assert "show stuck" in screen_text(app)
        assert {str(task.state) for task in screen(app).plan_pane.plan.shown.tasks} == {"waiting"}  # type: ignore[union-attr]
        await press_each(pilot, "F", "F", "F")
        for where in ("parser · main", "parser · session", "everything", "parser  13 tasks"):
            await press_each(pilot, "O")
            assert where in screen_text(app)
        await press_each(pilot, "right_curly_bracket")
        assert "notes" in screen_text(app)
        await press_each(pilot, "left_curly_bracket", "left_curly_bracket")
        assert "website  11 tasks" in screen_text(app)


async def test_filter_shows_matching_tasks_and_escape_clears_it(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "A", "g") as (app, pilot):
        await press_each(pilot, "slash", *"lexer", "enter")
        assert "Refactor the lexer" in screen_text(app)
        assert "Read the failing test" not in screen_text(app)
        await press_each(pilot, "slash", *"zz", "enter")
        assert "No match for “zz”" in screen_text(app)
        await press_each(pilot, "escape")
        assert "Read the failing test" in screen_text(app)


async def test_revisions_are_stepped_through_and_escape_returns_to_the_present(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "A", "g", size=(200, 50)) as (app, pilot):
        await press_each(pilot, "G", "left_square_bracket", "left_square_bracket")
        assert "revision 4/5" in screen_text(app)
        assert "* Write the changelog" in screen_text(app)
        await press_each(pilot, "right_square_bracket")
        assert "revision 5/5" in screen_text(app)
        await press_each(pilot, "escape")
        assert "parser  13 tasks" in screen_text(app)
        assert "[ ] older, newer" in screen_text(app)


async def test_a_task_is_selected_and_opened_with_the_mouse(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g", size=(80, 24)) as (app, pilot):
        await pilot.click("Graph", offset=(34, 1))
        await wait_settled(pilot)
        assert selected(app).text == "Fix the parser"
        await press_each(pilot, "enter")
        assert "parser · main" in screen_text(app)
        await press_each(pilot, "escape")
        assert "view graph" in screen_text(app)


async def test_the_shown_project_stays_when_another_one_is_active(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "A", "g") as (app, pilot):
        assert " parser  " in screen_text(app)
        other = harness.home.session(cwd="/home/dev/website")
        other.prompt("Something else")
        other.plan([("Begin", "in_progress")], "New")
        other.write()
        harness.ingest()
        await press_each(pilot, "1", "2")
        assert " parser  " in screen_text(app)
        await press_each(pilot, "right_curly_bracket")
        assert " parser  " not in screen_text(app)
