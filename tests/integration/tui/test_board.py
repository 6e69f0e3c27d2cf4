"""The board and the session behind it, as a person at the keyboard uses them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import asdict

from ingest.db.database import Database
from ingest.db.query_reader import QueryReader
from ingest.pipeline.action_messages import TASK_ACTION, task_action_message, to_message
from ingest.projects.reconcile import VERB
from ingest.server.client import DatabaseClient
from ingest.tail.discovery import Problem, ProblemCode
from tests.app_harness import PATIENCE, Stage, press, settled, shown, until, when
from tests.build.repository import REMOTE, Repo
from tests.sample_home import HOSTILE
from tui.query_runner import THREADS
from tui.screens import board
from tui.screens.board import ResumeCard
from tui.screens.session_timeline import Timeline
from tui.widgets.listing import View
from tui.widgets.listing import shown as says
from tui.widgets.table import Table


async def test_the_card_says_what_was_asked_last_and_how_to_go_on(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        assert "Why waiting" in shown(app)
        await press(pilot, "j")
        assert "Run the test suite" in shown(app)
        assert "pytest -x → exit 1" in shown(app)
        assert "codex resume" in shown(app)


async def test_a_home_that_cannot_be_read_is_not_called_empty(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    shut = Problem(
        ProblemCode.UNREADABLE, "/x/.codex", "This cannot be read: Denied.", "chmod u+rx"
    )
    with Database(stage.db) as database, database.transaction():
        database.run("registry.add_problems", home="x", now=stage.now, problems=[asdict(shut)])
    stage.open()
    try:
        app = stage.dashboard()
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            assert "✗ /x/.codex: This cannot be read: Denied. chmod u+rx" in shown(app)
            assert "Start Codex in a project" not in shown(app)
    finally:
        stage.close()


async def test_a_project_whose_name_is_filtered_for_keeps_its_sessions(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "slash", *"parser", "enter")
        assert "Refactor the lexer" in shown(app)
        assert "4 of 11 sessions in 1 of 3 projects  filter: parser" in shown(app)
        await press(pilot, "escape", "slash", *"parser lexer", "enter")
        assert "1 of 11 sessions in 1 of 3 projects" in shown(app)


async def test_a_turn_that_was_taken_back_is_said_to_be_so_in_words(stage: Stage) -> None:
    session = stage.home.session("g3")
    session.prompt("Try it the other way")
    session.end_turn("I did.")
    session.rollback(1)
    session.write()
    stage.read()
    with DatabaseClient(stage.db) as remote:
        (home,) = {row["home"] for row in remote.rows("sessions.unfinished")}
        timeline, view = Timeline(home, session.thread.id), View()
        lines = timeline.lines(remote, view, timeline.keys(remote, view)).values()
        assert any("rolled back" in says(line) for line in lines)
        assert not any("rolled_back" in says(line) for line in lines)


async def test_a_project_is_folded_and_found_so_at_the_next_start(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "h", "h")
        assert "▸ parser" in shown(app)
        assert "Refactor the lexer" not in shown(app)
    again = stage.dashboard(remembers=True)
    async with again.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "▸ parser" in shown(again)
        await press(pilot, "g", "l")
        assert "Refactor the lexer" in shown(again)


async def test_why_shows_the_reason_and_the_last_that_was_written(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "w")
        table = app.screen.query_exactly_one(Table)
        assert table.cursor == table.length - 1 > 0
        assert any("waits for an answer" in one.message for one in app._notifications)


async def test_a_session_that_a_person_moved_is_shown_on_its_new_branch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "LOOK_FURTHER", 0.0)
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        card = app.screen.query_exactly_one(ResumeCard).card
        assert card is not None
        moved = {"choice": "move", "to": "release", "alignment": "rewritten", "commit": None}
        said = task_action_message(VERB, {"session": card.session.id}, moved)
        await app.feed.act(TASK_ACTION, **to_message(said))
        await until(pilot, "release (began on main)")


@pytest.mark.fault("U15")
async def test_a_new_session_waits_and_no_row_moves_under_the_cursor(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        table = app.screen.query_exactly_one(Table)
        await press(pilot, "G")
        key, place = table.key, table.cursor
        new = stage.home.session(cwd="/home/dev/parser")
        new.prompt("Something else")
        new.open_command("sleep 5")
        new.write()
        stage.read()
        await until(pilot, "1 new ↓")
        assert (table.key, table.cursor) == (key, place)
        assert "Something else" not in shown(app)
        await press(pilot, "full_stop")
        assert table.key == key
        assert "Something else" in shown(app)
        assert "new ↓" not in shown(app)


async def test_a_new_session_below_the_cursor_comes_in_by_itself_where_there_is_room(
    stage: Stage,
) -> None:
    async with stage.opened() as (app, pilot):
        table = app.screen.query_exactly_one(Table)
        key, place = table.key, table.cursor
        new = stage.home.session(cwd="/home/dev/website")
        new.prompt("Something else")
        new.open_command("sleep 5")
        new.write()
        stage.read()
        await until(pilot, "Something else")
        assert (table.key, table.cursor) == (key, place)
        assert table.waiting is None


async def test_a_session_that_waits_for_the_person_is_shown_wherever_the_cursor_is(
    stage: Stage,
) -> None:
    async with stage.opened() as (app, pilot):
        table = app.screen.query_exactly_one(Table)
        await press(pilot, "G")
        key = table.key
        new = stage.home.session(cwd="/home/dev/parser")
        new.prompt("Something else")
        new.ask_user("Deploy?")
        new.write()
        stage.read()
        await until(pilot, "Something else")
        assert table.key == key
        assert table.waiting is None


async def test_who_waits_for_the_person_is_named_where_its_row_is_not_on_the_screen(
    stage: Stage,
) -> None:
    async with stage.opened() as (app, pilot):
        assert "waits for you" not in shown(app)
        await press(pilot, "g", "enter")
        assert "◐ waits for you: Refactor" in shown(app)
        await press(pilot, "enter")
        assert "waits for you" not in shown(app)


async def test_ages_are_told_anew_while_nothing_is_committed(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        table = app.screen.query_exactly_one(Table)

        def moved() -> list[str]:
            assert table.line is not None
            return [*says(table.line).split()[-2:], *shown(app).partition("waiting")[2].split()[:3]]

        before = moved()
        stage.now += timedelta(hours=2)
        app._tick()
        await pilot.pause()
        assert moved() != before
        assert moved()[:2] == ["2", "h"]
        assert "2 h 0 m ago" in shown(app)


async def test_enter_opens_the_session_and_escape_comes_back(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "j", "enter")
        assert "Fix the unicode test" in shown(app)
        assert "pytest -x exit 1" in shown(app)
        await press(pilot, "t", "t")
        assert "pytest -x exit 1" not in shown(app)
        await press(pilot, "escape")
        assert "Refactor the lexer" in shown(app)


async def test_the_raw_line_behind_a_moment_is_shown_as_it_is(stage: Stage) -> None:
    async with stage.opened(size=(200, 50)) as (app, pilot):
        await press(pilot, "j", "enter")
        await press(pilot, "j", "i")
        assert '{"timestamp":' in shown(app)
        await press(pilot, "i")
        assert '{"timestamp":' not in shown(app)


async def test_where_one_pane_is_shown_the_raw_line_comes_to_the_front_and_escape_goes_back(
    stage: Stage,
) -> None:
    async with stage.opened(size=(80, 24)) as (app, pilot):
        await press(pilot, "j", "enter")
        await press(pilot, "j", "i")
        assert '{"timestamp":' in shown(app)
        await press(pilot, "escape")
        assert "moments" in shown(app)
        await press(pilot, "escape")
        assert "Refactor the lexer" in shown(app)


async def test_the_head_of_an_open_session_follows_what_becomes_of_it(stage: Stage) -> None:
    new = stage.home.session(cwd="/home/dev/parser")
    new.prompt("Something else")
    new.write()
    stage.read()
    async with stage.opened() as (app, pilot):
        await press(pilot, "slash", *"something", "enter", "j")
        await press(pilot, "enter")
        assert "● running  Something else" in shown(app)
        new.end_turn("Done.")
        new.write()
        stage.read()
        await until(pilot, "✓ done  Something else")


@pytest.mark.fault("U01", "U02", "U03")
async def test_nothing_of_a_log_acts_or_is_markup(stage: Stage, tmp_path: Path) -> None:
    async with stage.opened(size=(200, 50)) as (app, pilot):
        await press(pilot, "slash", *"evil", "enter", "j")
        await press(pilot, "enter")
        for key in ("down", "down", "i", "tab", "G"):
            await press(pilot, key)
            text = shown(app)
            assert not set(text) & set("\x1b\x07\x9b\u202e")
            assert "[bold]x[/bold] [@click=app.quit]q[/]" in text
    assert "\x1b" in HOSTILE


@pytest.mark.fault("U12")
async def test_a_slow_query_says_so_in_its_pane_and_holds_nobody_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Event()

    def slow(*_: object) -> None:
        assert free.wait(60)

    monkeypatch.setattr("tui.screens.board.card", slow)
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.screen.query_exactly_one(Table)
        pane = app.screen.query_exactly_one(ResumeCard)
        await when(pilot, lambda: bool(table.length) and pane.asked_at is not None)
        pane.say_busy((pane.asked_at or 0) + 3)
        await pilot.press("j")
        await pilot.pause()
        assert "asking for 3 s" in shown(app)
        assert table.cursor == 2
        free.set()
        await settled(pilot)
        assert "asking for" not in shown(app)


@pytest.mark.fault("U12")
async def test_a_query_that_fails_is_told_in_its_pane_and_the_rest_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(HOSTILE)

    monkeypatch.setattr("tui.screens.board.card", broken)
    async with stage.opened() as (app, pilot):
        assert "ZeroDivisionError" in shown(app)
        assert "y copies the details" in shown(app)
        assert "Refactor the lexer" in shown(app)
        await press(pilot, "tab", "y")
        assert "ZeroDivisionError" in app.clipboard
        assert "evil" not in app.clipboard


async def test_the_owner_ends_another_comes_and_the_selection_stays(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "j", "j")
        table = app.screen.query_exactly_one(Table)
        key = table.key
        stage.close()
        await pilot.press("k")
        stage.open()
        await press(pilot, "j")
        assert table.key == key
        await press(pilot, "enter")
        assert "moment" in shown(app)


async def test_a_repository_that_hangs_keeps_no_other_answer_waiting(stage: Stage) -> None:
    app, ends = stage.dashboard(), Event()

    def hangs(_: QueryReader) -> bool:
        return ends.wait(PATIENCE)

    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        looks = [asyncio.create_task(app.feed.ask(hangs, slow=True)) for _ in range(2 * THREADS)]
        assert await app.feed.ask(lambda reading: reading.rows("tasks.projects"))
        assert not any(look.done() for look in looks)
        ends.set()
        assert all(await asyncio.gather(*looks))


async def test_a_session_says_how_its_branch_stands_where_git_can_tell(
    stage: Stage, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "kept")
    began = repo.commit("Start")
    session = stage.home.session(
        cwd=str(repo.path), git={"commit_hash": began, "branch": "main", "repository_url": REMOTE}
    )
    session.prompt("Look around")
    session.end_turn("Done.")
    session.write()
    stage.read()
    repo.commit("Go on by hand", stage.now + timedelta(hours=1))
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"around", "enter")
        await until(pilot, "main is 1 commit ahead")
        assert "Go on by hand, Dev" in shown(app)
        await press(pilot, "enter")
        await until(pilot, "tokens  ahead")
