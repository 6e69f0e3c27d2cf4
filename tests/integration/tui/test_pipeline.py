"""The pipeline at the keyboard: find what failed, read why, act on it, and see what came of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import log
from ingest.batches.action import Action, Selection, Verb
from ingest.batches.state import State
from ingest.pipeline.action_messages import BATCH_ACTION, RequestedAction, to_message
from ingest.server.client import DatabaseClient
from tests.app_harness import Stage, answered, asked, press, settled, shown
from tests.sample_failures import troubled
from tests.unit.db import queued
from tui.dashboard import Dashboard
from tui.dialogs import Ask, Choose, Confirm, Typed
from tui.screens.pipeline.panes import Lists
from tui.widgets.list_pane import FilterLine

FAILED = queued.key(1, 1_200_000).id
DEAD = queued.key(4, 512).id


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with troubled(tmp_path) as stage:
        yield stage


def batch(stage: Stage, which: str) -> dict[str, object]:
    with DatabaseClient(stage.db) as remote:
        row = remote.first_row("queue.batch", id=which)
        assert row is not None
        return row


def said(app: Dashboard) -> list[str]:
    """What was told in passing."""
    return [notification.message for notification in app._notifications]


def orders(stage: Stage) -> Counter[str]:
    """What was ordered so far; the clock stands still, so it has no order."""
    with DatabaseClient(stage.db) as remote:
        answer = remote.sql("select verb from v_commands")
        return Counter(str(verb) for (verb,) in answer.rows)


async def test_the_failed_batch_is_found_its_reason_read_and_retried(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "slash", *"error:io.eio state:failed", "enter")
        assert "Read error at byte" in shown(app)
        assert "next try" in shown(app)
        which = str(app.screen.query_exactly_one(Lists).table.key)
        await press(pilot, "r")
        assert batch(stage, which)["state"] == State.PENDING
        assert said(app) == ["Retried 1 batch."]


async def test_an_answer_about_one_list_is_never_shown_in_another(stage: Stage) -> None:
    async with stage.opened("3", size=(80, 24)) as (app, pilot):
        lists = app.screen.query_exactly_one(Lists)
        of_batches = await app.feed.ask(lists.table.question())
        await pilot.press("right_square_bracket")
        lists.table.take(of_batches)  # It was asked before the key, and answered after it.
        offered = {*lists.table.all_keys(), *(lists.table.waiting or ())}
        assert offered.isdisjoint(of_batches.keys)
        await settled(pilot)
        assert "FILE" in shown(app)


@pytest.mark.fault("Q03")
async def test_retry_pressed_twice_is_one_attempt(stage: Stage) -> None:
    async with stage.opened("3") as (_, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        before = orders(stage)
        await press(pilot, "r", "r")
        assert batch(stage, DEAD)["state"] == State.PENDING
        with DatabaseClient(stage.db) as remote:
            moves = remote.rows("batches.moves", batches=[DEAD])
        assert [move["move"] for move in moves].count("retry") == 1
        assert orders(stage) - before == Counter(["retry"])


@pytest.mark.fault("Q04")
@pytest.mark.fault("U10")
async def test_a_bulk_retry_asks_first_and_enter_alone_does_nothing(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "slash", *"state:failed,dead", "enter")
        before = orders(stage)
        await pilot.press("R")
        await asked(pilot, Confirm)
        assert "Retry 3 batches?" in shown(app)
        await pilot.press("enter")
        await answered(pilot)
        assert orders(stage) == before
        assert batch(stage, DEAD)["state"] == State.DEAD
        await pilot.press("R")
        await asked(pilot, Confirm)
        await pilot.press("y")
        await answered(pilot)
        assert said(app) == ["Retried 3 batches."]
        assert batch(stage, DEAD)["state"] == batch(stage, FAILED)["state"] == State.PENDING


@pytest.mark.fault("U11")
async def test_what_changed_since_it_was_drawn_is_told_and_left_alone(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        with DatabaseClient(stage.db) as other:
            wanted = Action(verb=Verb.RETRY, selection=Selection(ids=(DEAD,)), actor="bob")
            other.act(BATCH_ACTION, **to_message(RequestedAction(wanted, "theirs")))
        await press(pilot, "r")
        assert any("It waits to be done already." in one for one in said(app))


async def test_marked_batches_are_put_off_together_until_a_time(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "slash", *"state:failed", "enter")
        await pilot.press("ctrl+a", "z")
        await asked(pilot, Ask)
        assert "Enter takes it · Esc leaves" in shown(app)
        await pilot.press("enter")
        await asked(pilot, Confirm)
        assert "Put off 2 batches?" in shown(app)
        await pilot.press("y")
        await answered(pilot)
        assert batch(stage, FAILED)["state"] == State.SNOOZED


async def test_the_queue_is_paused_and_goes_on(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "P")
        assert "‖ Paused by" in shown(app)
        await press(pilot, "P")
        with DatabaseClient(stage.db) as remote:
            assert remote.rows("status.pauses") == []


async def test_reading_a_file_again_wants_its_word_typed(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "3", "right_square_bracket")
        await press(pilot, "slash", *"state:following", "enter")
        before = orders(stage)
        for word in ("yes", "reset"):
            await pilot.press("X")
            await asked(pilot, Choose)
            await pilot.press("enter")
            await asked(pilot, Typed)
            assert "are forgotten and read again" in shown(app)
            await pilot.press(*word, "enter")
            await answered(pilot)
        assert orders(stage) - before == Counter(["reset"])
        assert any("A copy is at" in one for one in said(app))


async def test_errors_are_grouped_and_lead_to_their_batches(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "g")
        assert "io.EIO" in shown(app)
        assert "fold.odd" in shown(app)
        assert "error kinds" in shown(app)
        footer = shown(app).splitlines()[-1]
        assert "r retry" in footer
        assert [word for word in ("retry all", "put off", "cancel", "raw") if word in footer] == []
        await press(pilot, "enter")
        assert "error:io.EIO" in shown(app)


async def test_the_figures_at_the_top_are_explained_by_the_rows_behind_them(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "w")
        told = shown(app)
        assert "waits for an answer" in told
        assert "damaged: The compressed file ends before it is complete." in told
        assert "2 × io.EIO" in told or "3 × io.EIO" in told
        await press(pilot, "escape")
        assert "× io.EIO" not in shown(app)


async def test_the_log_says_which_file_failed(stage: Stage) -> None:
    broken = stage.home.session()
    broken.prompt("Begin")
    broken.write()
    packed = stage.home.compress(broken)
    packed.write_bytes(packed.read_bytes()[:-20])
    stage.read()
    async with stage.opened("3", "left_square_bracket") as (app, _):
        assert f"source.damaged: …{packed.name[-18:]}" in shown(app)


async def test_the_log_shows_the_log_file(stage: Stage) -> None:
    log.start(stage.db)
    log.suppressed("Writing the state [bold]", OSError("No space left\x1b[2J"))
    async with stage.opened("3", "left_square_bracket") as (app, _):
        screen = shown(app)
        assert "warning Writing the state" in screen
        assert "[bold]" in screen
        line = app.screen.query_exactly_one(Lists).table.line
        assert line is not None
        assert "No space left␛[2J" in line.text


async def test_each_list_has_its_own_filter_line(stage: Stage) -> None:
    async with stage.opened("3") as (app, pilot):
        await press(pilot, "slash", *"state:dead", "enter")
        line = app.screen.query_exactly_one(FilterLine)
        await press(pilot, "right_square_bracket")
        assert not line.display
        await press(pilot, "left_square_bracket")
        assert (line.display, line.value) == (True, "state:dead")
