"""Runs a request in a thread, for a bounded time: a query that takes longer is cancelled. Before
that, it waits for its turn.
"""

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread
from msgspec.structs import replace

from ingest.cli.agents.request import AgentRequest
from ingest.errors import Cancelled, CommandError

if TYPE_CHECKING:
    from ingest.db.query_reader import QueryReader

T = TypeVar("T")
SECONDS: Final = 2.0
THREADS: Final = 4
"""So many requests run at once; the others wait."""
WAIT_SECONDS: Final = 30.0
"""The longest wait. It counts apart: many requests at once must not end each other."""


class TooSlow(CommandError):
    code = "too_slow"


class _Running:
    """Which reader and thread to cancel."""

    def __init__(self) -> None:
        self.reader: QueryReader | None = None
        self.thread = 0
        self.cancelled = False

    def opened(self, reader: "QueryReader") -> None:
        if self.cancelled:
            raise Cancelled("The request was cancelled.")
        self.reader, self.thread = reader, threading.get_ident()

    def cancel(self) -> None:
        self.cancelled = True
        cancel = getattr(self.reader, "cancel", None)
        if cancel is not None:  # A reader in this process has a limit of its own.
            cancel(self.thread)


async def run_bounded(
    work: Callable[[AgentRequest], T], request: AgentRequest, limiter: anyio.CapacityLimiter
) -> T:
    from ingest.db.query_reader import allow_for_load  # Late, as in `request`.

    running = _Running()
    bounded = replace(request, opened=running.opened)
    with anyio.move_on_after(allow_for_load(WAIT_SECONDS)) as waiting:
        async with limiter:
            waiting.deadline = math.inf
            with anyio.move_on_after(allow_for_load(SECONDS)):
                return await anyio.to_thread.run_sync(work, bounded, abandon_on_cancel=True)
            running.cancel()
            raise TooSlow(
                f"This took longer than {SECONDS:g} s and was stopped.",
                "Ask for less: fewer words, a shorter time (since:7d), or one project.",
            )
    raise TooSlow("Too many other requests run.", "Ask again later.")
