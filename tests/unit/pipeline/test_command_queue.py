"""Commands run on the thread that writes, once, and each gets its reply."""

import threading
from typing import Any

import pytest

from ingest.errors import UnknownCommand
from ingest.pipeline.command_queue import CommandQueue


def _where(values: dict[str, Any]) -> dict[str, Any]:
    return {"thread": threading.get_ident(), **values}


def _fail(_values: dict[str, Any]) -> dict[str, Any]:
    raise ValueError("on purpose")


def queue() -> CommandQueue:
    commands = CommandQueue()
    commands.at_any_time = {"where": _where, "fail": _fail}
    commands.when_idle = {"pass": _where}
    return commands


def test_a_command_runs_on_the_thread_that_runs_the_pending_ones() -> None:
    commands, woken = queue(), threading.Event()
    commands.wake = woken.set
    reply = commands.submit("where", {"id": 1})
    assert woken.is_set()
    assert not reply.done()
    assert commands.run_pending(idle=False) == 1
    assert reply.result() == {"thread": threading.get_ident(), "id": 1}


def test_an_error_is_the_reply_to_the_command_that_raised_it() -> None:
    commands = queue()
    failed, other = commands.submit("fail", {}), commands.submit("where", {})
    assert commands.run_pending(idle=False) == 2
    with pytest.raises(ValueError, match="on purpose"):
        failed.result()
    assert other.result()


def test_a_command_that_needs_an_idle_owner_waits_until_it_is_idle() -> None:
    commands = queue()
    reply = commands.submit("pass", {})
    assert commands.run_pending(idle=False) == 0
    assert not reply.done()
    assert commands.run_pending(idle=True) == 1
    assert reply.result()["thread"] == threading.get_ident()


def test_an_unknown_command_is_refused_at_once() -> None:
    with pytest.raises(UnknownCommand, match="'dance'"):
        queue().submit("dance", {})


def test_pending_and_later_commands_fail_when_the_queue_is_closed() -> None:
    commands = queue()
    reply = commands.submit("where", {})
    commands.close()
    with pytest.raises(EOFError):
        reply.result()
    with pytest.raises(EOFError):
        commands.submit("where", {})
    assert commands.run_pending(idle=True) == 0


def test_an_interrupt_ends_the_owner_and_the_client_gets_an_error() -> None:
    def interrupt(_values: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    commands = queue()
    commands.at_any_time["interrupt"] = interrupt
    reply = commands.submit("interrupt", {})
    with pytest.raises(KeyboardInterrupt):
        commands.run_pending(idle=False)
    with pytest.raises(EOFError):
        reply.result()
