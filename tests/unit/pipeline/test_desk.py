"""Orders are carried out on the thread that writes, once, and always answered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ingest.errors import UnknownCommand
from ingest.pipeline.command_queue import CommandQueue


def _where(values: dict[str, Any]) -> dict[str, Any]:
    return {"thread": threading.get_ident(), **values}


def _fail(_values: dict[str, Any]) -> dict[str, Any]:
    raise ValueError("told so")


class Rung(CommandQueue):
    """A desk that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.rang = threading.Semaphore(0)
        self.wake = self.rang.release
        self.at_any_time = {"where": _where, "fail": _fail}
        self.when_idle = {"pass": _where}


def test_an_order_is_carried_out_by_who_comes_by() -> None:
    desk = Rung()
    with ThreadPoolExecutor() as others:
        outcome = others.submit(desk.submit, "where", {"id": 1})
        desk.rang.acquire()
        assert desk.run_pending(idle=False) == 1
        assert outcome.result() == {"thread": threading.get_ident(), "id": 1}


def test_what_goes_wrong_is_told_to_who_ordered_it_and_to_nobody_else() -> None:
    desk = Rung()
    with ThreadPoolExecutor() as others:
        outcome = others.submit(desk.submit, "fail", {})
        desk.rang.acquire()
        assert desk.run_pending(idle=False) == 1
        with pytest.raises(ValueError, match="told so"):
            outcome.result()


def test_an_order_for_a_time_of_rest_waits_until_there_is_one() -> None:
    desk = Rung()
    with ThreadPoolExecutor() as others:
        outcome = others.submit(desk.submit, "pass", {})
        desk.rang.acquire()
        assert desk.run_pending(idle=False) == 0
        assert not outcome.done()
        assert desk.run_pending(idle=True) == 1
        assert outcome.result()["thread"] == threading.get_ident()


def test_an_order_nobody_knows_is_refused_at_once() -> None:
    with pytest.raises(UnknownCommand, match="'dance'"):
        Rung().submit("dance", {})


def test_when_nobody_comes_by_any_more_what_waits_is_told_so() -> None:
    desk = Rung()
    with ThreadPoolExecutor() as others:
        outcome = others.submit(desk.submit, "where", {})
        desk.rang.acquire()
        desk.close()
        with pytest.raises(EOFError):
            outcome.result()
    with pytest.raises(EOFError):
        desk.submit("where", {})
    assert desk.run_pending(idle=True) == 0


def test_an_interrupt_ends_the_owner_and_leaves_nobody_waiting() -> None:
    def interrupt(_values: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    desk = Rung()
    desk.at_any_time["interrupt"] = interrupt
    with ThreadPoolExecutor() as others:
        outcome = others.submit(desk.submit, "interrupt", {})
        desk.rang.acquire()
        with pytest.raises(KeyboardInterrupt):
            desk.run_pending(idle=False)
        with pytest.raises(EOFError):
            outcome.result()
