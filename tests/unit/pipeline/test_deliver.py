"""An action is carried out exactly once, also if its owner ends before it answers."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingest.batches.action import Action, Item, Selection, Verb
from ingest.db.database import Database
from ingest.errors import ActionResultLost
from ingest.pipeline.action_handlers import batches, task_actions
from ingest.pipeline.action_messages import (
    BATCH_ACTION,
    READ_AGAIN,
    TASK_ACTION,
    action_message,
    decode_reply,
    deliver,
    task_action_message,
    to_message,
)
from ingest.pipeline.command_queue import Handler
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Server
from tests.unit.db.queued import NOW

Deliver = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


class Owner:
    """Carries out actions; the first connections are lost `before` or `after` that."""

    def __init__(self, database: Database, lost: list[str]) -> None:
        self.lost = lost
        self.handlers: dict[str, Handler] = {
            BATCH_ACTION: batches(database, lambda: NOW, 5),
            TASK_ACTION: task_actions(database, lambda: NOW),
        }

    def act(self, name: str, values: dict[str, Any]) -> "Future[dict[str, Any]]":
        when = self.lost.pop(0) if self.lost else "never"
        if when == "before":
            raise EOFError
        result: Future[dict[str, Any]] = Future()
        result.set_result(self.handlers[name](values))
        if when == "after":
            raise EOFError
        return result


def delivered(
    database: Database, lost: list[str], name: str, message: dict[str, Any]
) -> dict[str, Any]:
    owner = Owner(database, lost)
    with Server(database, Role.FOLLOW, [], NOW, owner.act), ExitStack() as clients:
        return deliver(
            lambda _: clients.enter_context(DatabaseClient(database.path)), name, message
        )


def recorded(database: Database) -> list[str]:
    rows = database.reader().execute("select verb from commands").fetchall()
    return [verb for (verb,) in rows]


LOST = pytest.mark.parametrize(
    "lost", [[], ["before"], ["after"], ["before", "before", "after"]], ids="-".join
)


@LOST
def test_a_task_edit_is_stored_once(database: Database, lost: list[str]) -> None:
    message = to_message(task_action_message("task", {"task": "t"}, {"text": "Write it"}))
    assert delivered(database, lost, TASK_ACTION, message) == {}
    assert recorded(database) == ["task"]


@LOST
def test_the_result_of_a_batch_action_is_known(database: Database, lost: list[str]) -> None:
    action = Action(verb=Verb.RETRY, selection=Selection(ids=("none",)), actor="ada")
    pause = Action(verb=Verb.PAUSE, actor="ada")
    reply = delivered(database, list(lost), BATCH_ACTION, to_message(action_message(pause)))
    assert decode_reply(reply) == []
    reply = delivered(database, list(lost), BATCH_ACTION, to_message(action_message(action)))
    assert decode_reply(reply) == list[Item]()
    assert recorded(database) == ["pause", "retry"]


def test_a_preview_is_repeated(database: Database) -> None:
    pause = Action(verb=Verb.RETRY, actor="ada")
    message = to_message(action_message(pause, dry_run=True))
    assert decode_reply(delivered(database, ["after"], BATCH_ACTION, message)) == []
    assert recorded(database) == []


def test_a_result_that_was_not_stored_is_reported_as_lost(database: Database) -> None:
    message = to_message(task_action_message("task", {"task": "t"}))
    delivered(database, [], TASK_ACTION, message)
    with pytest.raises(ActionResultLost, match="was carried out"):
        delivered(database, ["before"], READ_AGAIN, message)
