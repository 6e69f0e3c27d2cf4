"""Every action has a handler, and is executed at most once, however often it is sent."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import pytest

from ingest.actions import (
    Action,
    AnyAction,
    BatchAction,
    Prune,
    ReadAgain,
    ReadNow,
    RecordEdit,
    decode_action,
)
from ingest.batches.action import Selection, Verb
from ingest.batches.state import State
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.errors import ActionResultLost, OwnerGone, ReadOnlyServer
from ingest.pipeline.action_handlers import HANDLERS, ActionHandlers
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Server
from tests.unit.db.queued import NOW, add

T = TypeVar("T")
LOST = pytest.mark.parametrize(
    "lost", [[], ["before"], ["after"], ["before", "before", "after"]], ids="-".join
)
PAUSE = BatchAction(id="pause", verb=Verb.PAUSE, actor="ada")
EDIT = RecordEdit(id="edit", verb="task", about={"task": "t"}, arguments={"text": "Write it"})
BEFORE = datetime(2026, 1, 1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


def handlers(database: Database, changed: Callable[[], None] = lambda: None) -> ActionHandlers:
    return ActionHandlers(database, lambda: NOW, scan=lambda: None, changed=changed)


def recorded(database: Database) -> list[str]:
    rows = database.reader().execute("select verb from commands").fetchall()
    return [verb for (verb,) in rows]


def sent(database: Database, lost: list[str], action: Action[T]) -> T:
    """Send an action to owners, some of which end `before` or `after` they execute it."""

    def submit(action: Action[Any]) -> "Future[Any]":
        when = lost.pop(0) if lost else "never"
        if when == "before":
            raise EOFError
        result: Future[Any] = Future()
        result.set_result(handlers(database).carry_out(action))
        if when == "after":
            raise EOFError
        return result

    while True:
        with (
            Server(database, Role.FOLLOW, [], NOW, submit),
            DatabaseClient(database.path) as client,
        ):
            try:
                return client.act(action)
            except OwnerGone:
                continue


def test_every_action_has_a_handler_and_survives_the_socket() -> None:
    kinds = get_args(AnyAction)
    assert set(HANDLERS) == set(kinds)
    for action in (PAUSE, EDIT, ReadAgain(), Prune(before=BEFORE), ReadNow()):
        assert decode_action(msgspec.Raw(msgspec.msgpack.encode(action))) == action


@LOST
def test_an_edit_is_stored_once(database: Database, lost: list[str]) -> None:
    assert sent(database, lost, EDIT) is None
    assert recorded(database) == ["task"]


@LOST
def test_the_result_of_a_batch_action_is_the_same_every_time(
    database: Database, lost: list[str]
) -> None:
    failed, running = add(database, 1, State.FAILED), add(database, 2, State.CLAIMED)
    retry = BatchAction(verb=Verb.RETRY, selection=Selection(ids=(failed, running)), actor="ada")
    items = sent(database, lost, retry)
    assert {(item.batch, item.why is None) for item in items} == {(failed, True), (running, False)}
    assert recorded(database) == ["retry"]


def test_an_action_gives_the_same_result_in_this_process_and_over_the_socket(
    database: Database,
) -> None:
    here = LocalReader(database, carry_out=handlers(database).carry_out)
    batch = add(database, 1, State.FAILED)
    preview = BatchAction(verb=Verb.CANCEL, selection=Selection(ids=(batch,)), dry_run=True)
    assert here.act(preview) == sent(database, [], preview)
    items = here.act(preview)
    cancel = preview.confirmed(items)
    assert here.act(cancel) == sent(database, [], cancel)
    assert recorded(database) == ["cancel"]


def test_a_preview_is_repeated_and_changes_nothing(database: Database) -> None:
    preview = BatchAction(verb=Verb.RETRY, actor="ada", dry_run=True)
    assert sent(database, ["after"], preview) == []
    assert recorded(database) == []


@pytest.mark.parametrize(
    "action", [ReadAgain(id="edit"), Prune(id="edit", before=BEFORE)], ids=["reset", "prune"]
)
def test_a_result_that_is_not_recorded_is_reported_as_lost(
    database: Database, action: Action[Any]
) -> None:
    sent(database, [], EDIT)
    with pytest.raises(ActionResultLost, match="was carried out"):
        sent(database, [], action)


def test_only_an_action_that_changes_batches_asks_for_a_new_round_of_reading(
    database: Database,
) -> None:
    changes: list[bool] = []
    owner = handlers(database, lambda: changes.append(True))
    owner.carry_out(EDIT)
    owner.carry_out(BatchAction(verb=Verb.RETRY, dry_run=True))
    assert changes == []
    owner.carry_out(PAUSE)
    owner.carry_out(PAUSE)
    assert changes == [True]


def test_a_process_that_only_reads_refuses_actions(database: Database) -> None:
    with pytest.raises(ReadOnlyServer):
        LocalReader(database).act(EDIT)
    with pytest.raises(ReadOnlyServer):
        handlers(database).carry_out(ReadNow())
