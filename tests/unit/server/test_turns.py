"""A few queries of clients run at the same time, or one alone."""

import asyncio

from ingest.server.queries import Turns

PATIENCE = 60.0


async def test_a_query_that_is_cancelled_while_it_waits_to_run_alone_keeps_no_turn() -> None:
    turns = Turns(2)

    async def run_alone() -> None:
        async with turns.take(alone=True):
            raise AssertionError("another query has a turn")

    async with turns.take():
        waiting = asyncio.create_task(run_alone())
        for _ in range(5):
            await asyncio.sleep(0)  # Until it has one of the two turns.
        waiting.cancel()
        await asyncio.wait({waiting})
    async with asyncio.timeout(PATIENCE), turns.take(), turns.take():
        pass
    async with asyncio.timeout(PATIENCE), turns.take(alone=True):
        pass


async def test_a_query_that_runs_alone_waits_for_the_others_and_holds_them_back() -> None:
    turns = Turns(2)
    order: list[str] = []

    async def run_alone() -> None:
        async with turns.take(alone=True):
            order.append("alone")
            later.set()
            for _ in range(5):
                await asyncio.sleep(0)
            order.append("alone ended")

    async def run() -> None:
        await later.wait()
        async with turns.take():
            order.append("later")

    later = asyncio.Event()
    async with turns.take():
        tasks = [asyncio.create_task(run_alone()), asyncio.create_task(run())]
        for _ in range(5):
            await asyncio.sleep(0)
        order.append("first")
    await asyncio.gather(*tasks)
    assert order == ["first", "alone", "alone ended", "later"]
