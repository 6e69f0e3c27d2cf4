"""The board, and the session screen that it opens."""

import asyncio
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import asdict

from ingest.actions import RecordEdit
from ingest.db.database import Database
from ingest.db.query_reader import QueryReader
from ingest.projects.reconcile import VERB
from ingest.server.client import DatabaseClient
from ingest.sessions.session import label
from ingest.tail.discovery import Problem, ProblemCode
from tests.app_harness import (
    TIMEOUT,
    AppHarness,
    pane_text,
    press,
    screen_text,
    wait_for_text,
    wait_settled,
    wait_until,
)
from tests.build.repository import REMOTE, Repo
from tests.codex_databases import codex_database, queue_message
from tests.fake_daemon import ACTIVE, WAITS_FOR_APPROVAL, fake_daemon
from tests.sample_home import HOSTILE
from tui.dashboard import LiveChanged
from tui.query_runner import THREADS
from tui.screens import board, board_tree
from tui.screens.board import CardPane, SessionsPane
from tui.screens.board_rows import now_key
from tui.screens.session_timeline import Timeline
from tui.widgets.listing import ViewState
from tui.widgets.table import ListResult
from tui.widgets.text_view import TextView


async def test_card_shows_the_state_the_plan_and_how_to_resume(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        assert "Why waiting" in screen_text(app)
        await press(pilot, "j")
        assert "Run the test suite" in screen_text(app)
        assert "pytest -x → exit 1" in screen_text(app)
        assert "codex resume" in screen_text(app)


async def test_the_first_sessions_are_shown_before_all_are_loaded(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_tree, "FIRST_SESSIONS", 2)
    counts = list[str]()
    shown = SessionsPane.show_result

    def show(pane: SessionsPane, result: ListResult) -> None:
        shown(pane, result)
        counts.append(pane.count_text())

    monkeypatch.setattr(SessionsPane, "show_result", show)
    async with harness.open_dashboard() as (app, pilot):
        await wait_for_text(pilot, "11 sessions in 3 projects")
        assert app.query_one(SessionsPane).table.new_count == 0
        assert not app.query_one(SessionsPane).board.is_partial
    assert counts[0] == "2 sessions in 1 project"


async def test_an_unreadable_home_is_reported_instead_of_called_empty(tmp_path: Path) -> None:
    harness = AppHarness(tmp_path)
    unreadable = Problem(
        ProblemCode.UNREADABLE, "/x/.codex", "This cannot be read: Denied.", "chmod u+rx"
    )
    with Database(harness.db) as database, database.transaction():
        database.run(
            "registry.add_problems", home="x", now=harness.now, problems=[asdict(unreadable)]
        )
    harness.start_owner()
    try:
        app = harness.make_dashboard()
        async with app.run_test(size=(120, 40)) as pilot:
            await wait_settled(pilot)
            assert "✗ /x/.codex: This cannot be read: Denied. chmod u+rx" in screen_text(app)
            assert "✗ /home/dev/.codex does not exist." in screen_text(app)
            assert "Start Codex in a project" not in screen_text(app)
    finally:
        harness.stop_owner()


async def test_a_filter_for_a_project_name_keeps_its_sessions(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "slash", *"parser", "enter")
        assert "Refactor the lexer" in screen_text(app)
        assert "4 of 11 sessions in 1 of 3 projects  2 hidden need you" in screen_text(app)
        await press(pilot, "escape", "slash", *"parser lexer", "enter")
        assert "1 of 11 sessions in 1 of 3 projects" in screen_text(app)


async def test_a_rolled_back_turn_is_labelled_in_words(harness: AppHarness) -> None:
    session = harness.home.session("g3")
    session.prompt("Try it the other way")
    session.end_turn("I did.")
    session.rollback(1)
    session.write()
    harness.ingest()
    with DatabaseClient(harness.db) as remote:
        (home,) = {row["home"] for row in remote.rows("sessions.unfinished")}
        timeline, view = Timeline(home, session.thread.id), ViewState()
        rows = timeline.rows(remote, view, timeline.keys(remote, view)).values()
        assert any("rolled back" in row.visible_text() for row in rows)
        assert not any("rolled_back" in row.visible_text() for row in rows)


async def test_a_closed_project_stays_closed_at_the_next_start(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "h", "h")
        assert "▸ parser" in screen_text(app)
        assert "Refactor the lexer" not in pane_text(app, SessionsPane)
    again = harness.make_dashboard(keep_ui_state=True)
    async with again.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert "▸ parser" in screen_text(again)
        await press(pilot, "g", "l")
        assert "Refactor the lexer" in screen_text(again)


async def test_why_says_first_why_the_session_under_the_cursor_has_its_state(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        card = app.screen.query_exactly_one(CardPane).card
        assert card is not None
        await press(pilot, "w")
        text = app.screen.query_exactly_one(TextView).text.plain
        assert text.startswith(label(card.session))
        assert "waits for an answer" in text.splitlines()[1]


async def test_what_the_daemon_reports_is_shown_on_the_board_and_in_the_header(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.live.home.ASK_EVERY", 0.0)
    monkeypatch.setattr("ingest.live.home.TIMEOUT", 30.0)
    with fake_daemon(harness.home.path) as daemon:
        async with harness.open_dashboard() as (app, pilot):
            card = app.screen.query_exactly_one(CardPane).card
            assert card is not None
            assert "1 waiting" in screen_text(app)
            daemon.threads = {card.session.id: WAITS_FOR_APPROVAL}
            app.post_message(LiveChanged())
            await wait_for_text(pilot, "waiting for approval")
            assert "1 waiting for approval" in screen_text(app)
            with codex_database(harness.home.path, "queue_1.sqlite") as queue:
                queue_message(queue, card.session.id)
                queue_message(queue, card.session.id)
                app.post_message(LiveChanged())
                await wait_for_text(pilot, "2 queued")
            daemon.threads = {card.session.id: ACTIVE}
            app.post_message(LiveChanged())
            await wait_for_text(pilot, "2 running")


async def test_a_session_that_begins_to_wait_rings_the_terminal_once_unless_that_is_off(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM_PROGRAM", "WezTerm")
    monkeypatch.delenv("TMUX", raising=False)
    async with harness.open_dashboard() as (app, pilot):
        written: list[str] = []
        monkeypatch.setattr(app._driver, "write", written.append)

        async def ask_in_a_new_session(prompt: str) -> None:
            session = harness.home.session(cwd="/home/dev/parser")
            session.prompt(prompt)
            session.ask_user("Shall I?")
            session.write()
            harness.ingest()
            await wait_for_text(pilot, prompt.split()[0])
            await wait_settled(pilot)

        await ask_in_a_new_session("Tidy \x1b]52;c;x up")
        rung = [text for text in written if "\a" in text]
        assert rung == ["\a\x1b]9;Waits for input: Tidy ␛]52,c,x up (parser)\x1b\\"]
        await press(pilot, "Z")
        await ask_in_a_new_session("Continue there")
        assert [text for text in written if "\a" in text] == rung


async def test_a_session_moved_to_another_branch_is_shown_there(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MORE_INTERVAL", 0.0)
    app = harness.make_dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        card = app.screen.query_exactly_one(CardPane).card
        assert card is not None
        moved = {"choice": "move", "to": "release", "alignment": "rewritten", "commit": None}
        edit = RecordEdit(verb=VERB, about={"session": card.session.id}, arguments=moved)
        await app.queries.act(edit)
        await wait_for_text(pilot, "release (began on main)")


@pytest.mark.fault("U15")
async def test_a_new_session_above_the_cursor_is_announced_and_moves_no_row(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        table = app.screen.query_exactly_one(SessionsPane).table
        await press(pilot, "G")
        key, index = table.key, table.cursor
        new = harness.home.session(cwd="/home/dev/parser")
        new.prompt("Something else")
        new.open_command("sleep 5")
        new.write()
        harness.ingest()
        await wait_for_text(pilot, "1 new ↓")
        assert (table.key, table.cursor) == (key, index)
        assert "Something else" not in screen_text(app)
        await press(pilot, "full_stop")
        assert table.key == key
        assert "Something else" in screen_text(app)
        assert "new ↓" not in screen_text(app)


async def test_a_new_session_below_the_cursor_is_shown_at_once(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        table = app.screen.query_exactly_one(SessionsPane).table
        key, index = table.key, table.cursor
        new = harness.home.session(cwd="/home/dev/website")
        new.prompt("Something else")
        new.open_command("sleep 5")
        new.write()
        harness.ingest()
        await wait_for_text(pilot, "Something else")
        assert (table.key, table.cursor) == (key, index)
        assert table.pending_keys is None


async def test_a_session_that_fits_is_shown_while_one_above_the_cursor_is_held(
    harness: AppHarness,
) -> None:
    running = harness.home.session(cwd="/home/dev/website")
    running.prompt("Something that runs")
    running.open_command("sleep 5")
    running.write()
    harness.ingest()
    async with harness.open_dashboard() as (app, pilot):
        table = app.screen.query_exactly_one(SessionsPane).table
        board = app.screen.query_exactly_one(SessionsPane).board
        (key,) = (
            now_key(each) for each in board.sessions.values() if each.title == "Something that runs"
        )
        assert key in table.all_keys()
        assert table.move_to(key[:2])
        running.finish_command(0)
        running.end_turn()
        running.write()
        for project, title in (("website", "Held back"), ("brand-new", "Not held back")):
            new = harness.home.session(cwd=f"/home/dev/{project}")
            new.prompt(title)
            new.open_command("sleep 5")
            new.write()
        harness.ingest()
        await wait_for_text(pilot, "Not held back")
        assert table.key == key[:2]
        assert "● Held back" not in screen_text(app)
        assert "✓ Something that runs" in screen_text(app)
        assert key not in table.all_keys()


async def test_a_session_that_waits_for_the_user_is_shown_at_once(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        table = app.screen.query_exactly_one(SessionsPane).table
        await press(pilot, "G")
        key = table.key
        new = harness.home.session(cwd="/home/dev/parser")
        new.prompt("Something else")
        new.ask_user("Deploy?")
        new.write()
        harness.ingest()
        await wait_for_text(pilot, "Something else")
        assert table.key == key
        assert table.pending_keys is None


async def test_a_waiting_session_off_screen_is_named_below_the_list(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        assert "waits for you" not in screen_text(app)
        await press(pilot, "g", "enter")
        assert "◐ waits for you: Refactor" in screen_text(app)
        await press(pilot, "enter")
        assert "waits for you" not in screen_text(app)


async def test_ages_are_updated_without_a_commit(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        table = app.screen.query_exactly_one(SessionsPane).table

        def ages() -> list[str]:
            assert table.row is not None
            return [
                *table.row.visible_text().split()[-2:],
                *screen_text(app).partition("waiting")[2].split()[:3],
            ]

        before = ages()
        harness.now += timedelta(hours=2)
        app._tick()
        await pilot.pause()
        assert ages() != before
        assert ages()[:2] == ["2", "h"]
        assert "2 h 0 m ago" in screen_text(app)


async def test_enter_opens_a_session_and_escape_closes_it(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "j", "enter")
        assert "Fix the unicode test" in screen_text(app)
        assert "pytest -x exit 1" in screen_text(app)
        await press(pilot, "t", "t")
        assert "pytest -x exit 1" not in screen_text(app)
        await press(pilot, "escape")
        assert "Refactor the lexer" in screen_text(app)


async def test_the_raw_line_of_an_entry_is_shown_indented(harness: AppHarness) -> None:
    async with harness.open_dashboard(size=(200, 50)) as (app, pilot):
        await press(pilot, "j", "enter")
        await press(pilot, "j", "i")
        assert '"timestamp":' in screen_text(app)
        await press(pilot, "i")
        assert '"timestamp":' not in screen_text(app)


async def test_on_a_narrow_screen_the_raw_line_is_shown_and_escape_goes_back(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard(size=(80, 24)) as (app, pilot):
        await press(pilot, "j", "enter")
        await press(pilot, "j", "i")
        assert '"timestamp":' in screen_text(app)
        await press(pilot, "escape")
        assert "entries" in screen_text(app)
        await press(pilot, "escape")
        assert "Refactor the lexer" in screen_text(app)


async def test_the_heading_of_an_open_session_is_updated(harness: AppHarness) -> None:
    new = harness.home.session(cwd="/home/dev/parser")
    new.prompt("Something else")
    new.write()
    harness.ingest()
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "slash", *"something", "enter", "j")
        await press(pilot, "enter")
        assert "● running  Something else" in screen_text(app)
        new.end_turn("Done.")
        new.write()
        harness.ingest()
        await wait_for_text(pilot, "✓ done  Something else")


@pytest.mark.fault("U01", "U02", "U03")
async def test_file_contents_are_neither_markup_nor_control_sequences(
    harness: AppHarness, tmp_path: Path
) -> None:
    async with harness.open_dashboard(size=(200, 50)) as (app, pilot):
        await press(pilot, "slash", *"evil", "enter", "j")
        await press(pilot, "enter")
        for key in ("down", "down", "i", "tab", "G"):
            await press(pilot, key)
            text = screen_text(app)
            assert not set(text) & set("\x1b\x07\x9b\u202e")
            assert "[bold]x[/bold] [@click=app.quit]q[/]" in text
    assert "\x1b" in HOSTILE


@pytest.mark.fault("U12")
async def test_a_slow_query_is_reported_in_its_pane_and_blocks_no_keys(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Event()

    def slow(*_: object) -> None:
        assert finish.wait(60)

    monkeypatch.setattr("tui.screens.board.load_card", slow)
    app = harness.make_dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.screen.query_exactly_one(SessionsPane).table
        pane = app.screen.query_exactly_one(CardPane)
        await wait_until(pilot, lambda: bool(table.length) and pane.query_started_at is not None)
        pane.show_busy((pane.query_started_at or 0) + 3)
        await pilot.press("j")
        await pilot.pause()
        assert "loading for 3 s" in screen_text(app)
        assert table.cursor == 2
        finish.set()
        await wait_settled(pilot)
        assert "loading for" not in screen_text(app)


@pytest.mark.fault("U12")
async def test_a_failed_query_is_reported_in_its_pane_and_other_panes_work(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(HOSTILE)

    monkeypatch.setattr("tui.screens.board.load_card", broken)
    async with harness.open_dashboard() as (app, pilot):
        assert "ZeroDivisionError" in screen_text(app)
        assert "y copies the details" in screen_text(app)
        assert "Refactor the lexer" in screen_text(app)
        await press(pilot, "tab", "y")
        assert "ZeroDivisionError" in app.clipboard
        assert "evil" not in app.clipboard


async def test_the_selection_stays_when_the_owner_is_replaced(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "j", "j")
        table = app.screen.query_exactly_one(SessionsPane).table
        key = table.key
        harness.stop_owner()
        await pilot.press("k")
        harness.start_owner()
        await press(pilot, "j")
        assert table.key == key
        await press(pilot, "enter")
        assert "entries" in screen_text(app)


async def test_a_hanging_git_repository_delays_no_other_query(harness: AppHarness) -> None:
    app, finish = harness.make_dashboard(), Event()

    def hangs(_: QueryReader) -> bool:
        return finish.wait(TIMEOUT)

    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        hanging = [
            asyncio.create_task(app.queries.ask(hangs, slow=True)) for _ in range(2 * THREADS)
        ]
        assert await app.queries.ask(lambda reader: reader.rows("tasks.projects"))
        assert not any(task.done() for task in hanging)
        finish.set()
        assert all(await asyncio.gather(*hanging))


async def test_a_session_shows_whether_its_checkout_still_matches(
    harness: AppHarness, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "kept")
    first = repo.commit("Start")
    session = harness.home.session(
        cwd=str(repo.path), git={"commit_hash": first, "branch": "main", "repository_url": REMOTE}
    )
    session.prompt("Look around")
    session.end_turn("Done.")
    session.write()
    harness.ingest()
    repo.commit("Go on by hand", harness.now + timedelta(hours=1))
    app = harness.make_dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        await press(pilot, "slash", *"around", "enter")
        await wait_for_text(pilot, "main is 1 commit ahead")
        assert "Go on by hand, Dev" in screen_text(app)
        await press(pilot, "enter")
        await wait_for_text(pilot, "tokens  checkout ahead")
