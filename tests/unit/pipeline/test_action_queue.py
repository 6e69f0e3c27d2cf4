"""Actions run on the thread that writes, once, and each gets its result."""

import threading
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest

from ingest.actions import Action, Prune, RecordEdit
from ingest.pipeline.action_handlers import ActionHandlers
from ingest.pipeline.action_queue import ActionQueue


class Handlers(ActionHandlers):
    """Returns the thread on which an action runs."""

    def __init__(self) -> None:
        pass

    def carry_out(self, action: Action[Any]) -> Any:
        match action:
            case RecordEdit(verb="fail"):
                raise ValueError("on purpose")
            case RecordEdit(verb="interrupt"):
                raise KeyboardInterrupt
        return threading.get_ident()


def edit(verb: str = "task") -> RecordEdit:
    return RecordEdit(verb=verb, about={})


def test_an_action_runs_on_the_thread_that_runs_the_pending_ones() -> None:
    actions, woken = ActionQueue(Handlers()), threading.Event()
    actions.wake = woken.set
    result = actions.submit(edit())
    assert woken.is_set()
    assert not result.done()
    assert actions.run_pending(idle=False) == 1
    assert result.result() == threading.get_ident()


def test_an_error_is_the_result_of_the_action_that_raised_it() -> None:
    actions = ActionQueue(Handlers())
    failed, other = actions.submit(edit("fail")), actions.submit(edit())
    assert actions.run_pending(idle=False) == 2
    with pytest.raises(ValueError, match="on purpose"):
        failed.result()
    assert other.result()


def test_an_action_that_needs_an_idle_owner_waits_until_it_is_idle() -> None:
    actions = ActionQueue(Handlers())
    result = actions.submit(Prune(before=datetime(2026, 11, 21)))
    later = actions.submit(edit())
    assert actions.run_pending(idle=False) == 1
    assert (result.done(), later.done()) == (False, True)
    assert actions.run_pending(idle=True) == 1
    assert result.result() == threading.get_ident()


def test_pending_and_later_actions_fail_when_the_queue_is_closed() -> None:
    actions = ActionQueue(Handlers())
    result: Future[Any] = actions.submit(edit())
    actions.close()
    with pytest.raises(EOFError):
        result.result()
    with pytest.raises(EOFError):
        actions.submit(edit())
    assert actions.run_pending(idle=True) == 0


def test_an_interrupt_ends_the_owner_and_the_client_gets_an_error() -> None:
    actions = ActionQueue(Handlers())
    result = actions.submit(edit("interrupt"))
    with pytest.raises(KeyboardInterrupt):
        actions.run_pending(idle=False)
    with pytest.raises(EOFError):
        result.result()
