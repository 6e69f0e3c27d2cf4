"""The pipeline screen: find what failed, read why, and act on it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from ingest import log
from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.state import State
from ingest.server.client import DatabaseClient
from tests.app_harness import (
    AppHarness,
    press,
    screen_text,
    wait_for_dialog,
    wait_for_dialogs_closed,
    wait_for_text,
    wait_settled,
    wait_until,
)
from tests.codex_databases import codex_database
from tests.sample_failures import run_failing_harness
from tests.unit.db import queued
from tui.dashboard import Dashboard
from tui.dialogs import ChoiceDialog, ConfirmDialog, InputDialog, TypedConfirmDialog
from tui.screens.board import SessionsPane
from tui.screens.pipeline.panes import ListsPane
from tui.screens.session import SessionScreen
from tui.widgets.list_pane import FilterInput

FAILED = queued.key(1, 1_200_000).id
DEAD = queued.key(4, 512).id


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AppHarness]:
    with run_failing_harness(tmp_path) as harness:
        yield harness


def batch(harness: AppHarness, which: str) -> dict[str, object]:
    with DatabaseClient(harness.db) as remote:
        row = remote.first_row("queue.batch", id=which)
        assert row is not None
        return row


def notifications(app: Dashboard) -> list[str]:
    return [notification.message for notification in app._notifications]


def actions(harness: AppHarness) -> Counter[str]:
    """The actions recorded so far. The clock stands still, so their order is undefined."""
    with DatabaseClient(harness.db) as remote:
        answer = remote.sql("select verb from v_commands")
        return Counter(str(verb) for (verb,) in answer.rows)


async def test_a_failed_batch_is_found_explained_and_retried(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"error:io.eio state:failed", "enter")
        assert "Read error at byte" in screen_text(app)
        assert "next try" in screen_text(app)
        batch_id = str(app.screen.query_exactly_one(ListsPane).table.key)
        await press(pilot, "r")
        assert batch(harness, batch_id)["state"] == State.PENDING
        assert notifications(app) == ["Queued 1 batch."]


async def test_a_late_result_for_another_list_is_discarded(harness: AppHarness) -> None:
    async with harness.open_dashboard("3", size=(80, 24)) as (app, pilot):
        lists = app.screen.query_exactly_one(ListsPane)
        of_batches = await app.queries.ask(lists.table.build_query())
        await pilot.press("right_square_bracket")
        lists.table.set_result(of_batches)  # Queried before the key, arrived after it.
        keys = {*lists.table.all_keys(), *(lists.table.pending_keys or ())}
        assert keys.isdisjoint(of_batches.keys)
        await wait_settled(pilot)
        assert "File" in screen_text(app)


@pytest.mark.fault("Q03")
async def test_pressing_retry_twice_retries_once(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (_, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        before = actions(harness)
        await press(pilot, "r", "r")
        assert batch(harness, DEAD)["state"] == State.PENDING
        with DatabaseClient(harness.db) as remote:
            moves = remote.rows("batches.moves", batches=[DEAD])
        assert [move["move"] for move in moves].count("retry") == 1
        assert actions(harness) - before == Counter(["retry"])


@pytest.mark.fault("Q04")
@pytest.mark.fault("U10")
async def test_a_bulk_retry_needs_confirmation_and_enter_declines(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"state:failed,dead", "enter")
        before = actions(harness)
        await pilot.press("R")
        await wait_for_dialog(pilot, ConfirmDialog)
        assert "Retry 3 batches?" in screen_text(app)
        await pilot.press("enter")
        await wait_for_dialogs_closed(pilot)
        assert actions(harness) == before
        assert batch(harness, DEAD)["state"] == State.DEAD
        await pilot.press("R")
        await wait_for_dialog(pilot, ConfirmDialog)
        await pilot.press("y")
        await wait_for_dialogs_closed(pilot)
        assert notifications(app) == ["Queued 3 batches."]
        assert batch(harness, DEAD)["state"] == batch(harness, FAILED)["state"] == State.PENDING


@pytest.mark.fault("U11")
async def test_a_batch_that_changed_meanwhile_is_skipped_with_the_reason(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        with DatabaseClient(harness.db) as other:
            selection = Selection(ids=(DEAD,))
            other.act(BatchAction(verb=Verb.RETRY, selection=selection, actor="bob"))
        await press(pilot, "r")
        assert notifications(app) == ["Already queued."]


async def test_what_came_of_a_retry_is_told_when_it_is_known(harness: AppHarness) -> None:
    broken = harness.home.session()
    broken.prompt("Begin")
    broken.write()
    packed = harness.home.compress(broken)
    packed.write_bytes(packed.read_bytes()[:-20])
    harness.ingest()
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"error:source.damaged", "enter", "r")
        assert notifications(app) == ["Queued 1 batch."]
        harness.ingest()
        await wait_until(pilot, lambda: len(notifications(app)) > 1)
        assert notifications(app)[1].startswith("✗ 1 batch failed again: The compressed file")
        assert app.retries.waiting == frozenset()


async def test_the_errors_of_one_session_are_retried_in_three_keys(harness: AppHarness) -> None:
    with DatabaseClient(harness.db) as remote:
        ((session,),) = remote.sql(f"select session from v_batches where id = '{DEAD}'").rows
        before = actions(harness)
    async with harness.open_dashboard() as (app, pilot):
        app.screen.query_exactly_one(SessionsPane).table.move_to(
            next(key for key in app.screen.query_exactly_one(SessionsPane).table.all_keys()
                 if session in key)
        )  # fmt: skip
        await press(pilot, "enter")
        assert "✗ 1 failed batch: r retries" in screen_text(app)
        await press(pilot, "r")  # One batch: nothing to confirm.
        assert notifications(app) == ["Queued 1 batch."]
        assert batch(harness, DEAD)["state"] == State.PENDING
        await press(pilot, "r")
        assert notifications(app)[-1] == "retry: no batch of this session has failed."
    assert actions(harness) - before == Counter(["retry"])


async def test_marked_batches_are_snoozed_together(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"state:failed", "enter")
        await pilot.press("ctrl+a", "z")
        await wait_for_dialog(pilot, InputDialog)
        assert "Enter confirms · Esc cancels" in screen_text(app)
        await pilot.press("enter")
        await wait_for_dialog(pilot, ConfirmDialog)
        assert "Snooze 2 batches?" in screen_text(app)
        await pilot.press("y")
        await wait_for_dialogs_closed(pilot)
        assert batch(harness, FAILED)["state"] == State.SNOOZED


async def test_the_queue_is_paused_and_resumed(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "P")
        assert "‖ Paused by" in screen_text(app)
        await press(pilot, "P")
        with DatabaseClient(harness.db) as remote:
            assert remote.rows("status.pauses") == []


async def test_reading_a_file_again_needs_a_typed_confirmation(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "3", "right_square_bracket")
        await press(pilot, "slash", *"state:following", "enter")
        before = actions(harness)
        for word in ("yes", "reset"):
            await pilot.press("X")
            await wait_for_dialog(pilot, ChoiceDialog)
            await pilot.press("enter")
            await wait_for_dialog(pilot, TypedConfirmDialog)
            assert "are deleted and read again" in screen_text(app)
            await pilot.press(*word, "enter")
            await wait_for_dialogs_closed(pilot)
        assert actions(harness) - before == Counter(["reset"])
        assert any("The backup is" in text for text in notifications(app))


async def test_batches_are_grouped_by_error_and_a_group_opens_its_batches(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "v")
        assert "io.EIO" in screen_text(app)
        assert "fold.odd" in screen_text(app)
        assert "2 errors" in screen_text(app)
        footer = screen_text(app).splitlines()[-1]
        assert "r retry" in footer
        assert [word for word in ("retry all", "snooze", "cancel", "raw") if word in footer] == []
        await press(pilot, "enter")
        assert "error:io.EIO" in screen_text(app)


async def test_enter_on_a_batch_opens_its_session_and_escape_comes_back(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await wait_for_text(pilot, "Say hello")
        await press(pilot, "escape")
        assert app.current_mode == "pipeline"
        await press(pilot, "r", "down", "z")
        await wait_for_dialog(pilot, InputDialog)
        await press(pilot, "enter")
        await wait_for_text(pilot, "snoozed by you")


async def test_batches_are_grouped_by_file_and_session(harness: AppHarness) -> None:
    async with harness.open_dashboard("3", "v", "v") as (app, pilot):
        lists = app.screen.query_exactly_one(ListsPane)
        assert "File" in screen_text(app)
        assert lists.table.length == 5
        await press(pilot, "v")
        assert "5 sessions" in screen_text(app)
        assert "Say hello" in screen_text(app)  # The title of the session.
        key = lists.table.key
        await press(pilot, "enter")
        assert lists.table.view.filter == f"session:{key}"
        assert lists.table.length == 1
        await press(pilot, "escape", "v", "v", "enter")
        assert lists.table.view.filter.startswith("source:")
        assert lists.table.length == 1
        await press(pilot, "escape", "v", "v", "v", "v")
        assert lists.grouped == ""


async def test_why_lists_the_rows_behind_the_header(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "w")
        text = screen_text(app)
        assert "waits for an answer" in text
        assert "damaged: The compressed file ends before it is complete." in text
        assert "2 × io.EIO" in text or "3 × io.EIO" in text
        await press(pilot, "escape")
        assert "× io.EIO" not in screen_text(app)


async def test_the_log_names_the_file_that_failed(harness: AppHarness) -> None:
    broken = harness.home.session()
    broken.prompt("Begin")
    broken.write()
    packed = harness.home.compress(broken)
    packed.write_bytes(packed.read_bytes()[:-20])
    harness.ingest()
    async with harness.open_dashboard("3", *["left_square_bracket"] * 3) as (app, _):
        assert f"source.damaged: …{packed.name[-18:]}" in screen_text(app)


async def test_the_log_list_shows_the_log_file(harness: AppHarness) -> None:
    log.start(harness.db)
    log.suppressed("Writing the state [bold]", OSError("No space left\x1b[2J"))
    async with harness.open_dashboard("3", *["left_square_bracket"] * 3, size=(180, 40)) as (
        app,
        _,
    ):
        text = screen_text(app)
        assert "warning Writing the state" in text
        assert "[bold]" in text
        row = app.screen.query_exactly_one(ListsPane).table.row
        assert row is not None
        assert "No space left␛[2J" in row.text


async def test_each_list_has_its_own_filter(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        line = app.screen.query_exactly_one(FilterInput)
        await press(pilot, "right_square_bracket")
        assert not line.display
        await press(pilot, "left_square_bracket")
        assert (line.display, line.value) == (True, "state:dead")


async def test_memories_of_codex_are_listed_with_the_jobs_that_failed(harness: AppHarness) -> None:
    home = harness.home.path
    with codex_database(home, "memories_1.sqlite") as codex:
        codex.execute(
            "insert into jobs (kind, job_key, status, retry_remaining, last_error) "
            "values ('memory_stage1', 'session-7', 'error', 2, '401 Unauthorized')"
        )
        (home / "memories").mkdir()
        (home / "memories" / "MEMORY.md").write_text("# Parser\napplies_to: cwd=/w/parser; x\n")
        async with harness.open_dashboard() as (app, pilot):
            app.settings = replace(app.settings, codex_homes=(home,))
            await press(pilot, "3", "left_square_bracket", "left_square_bracket")
            await wait_for_text(pilot, "2 attempts are left.")
            shown = screen_text(app)
            assert "sessions remembered" in shown
            assert "401 Unauthorized" in shown
            assert "/w/parser" in shown
            await press(pilot, "X", "r", "i")
            assert app.screen_stack[1:] == []


async def test_health_shows_backlog_disk_usage_and_what_could_be_deleted(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3", "left_square_bracket") as (app, pilot):
        await wait_for_text(pilot, "New bytes read")
        assert "Backlog" in screen_text(app)
        assert "Files: messages" in screen_text(app)
        await press(pilot, "X", "r", "i", "R")
        assert app.screen_stack[1:] == []
