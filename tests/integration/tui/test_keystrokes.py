"""How many keys the most frequent tasks take, each from another screen."""

from functools import partial
from typing import Final, NamedTuple

from tests.app_harness import AppHarness, press_each, wait_for_text, wait_until
from tui.dashboard import Dashboard
from tui.screens.session import SessionScreen


class Task(NamedTuple):
    name: str
    most: int
    """Keys that it may take."""
    keys: tuple[str, ...]
    seen: tuple[str, ...]
    """What is then on the screen."""
    start: str = "6"
    """The key of the screen where it begins."""


TASKS: Final = (
    Task(
        "read the question that waits for me", 2, ("exclamation_mark", "enter"),
        ("waiting for input", "Refactor the lexer", "Keep the old names?"),
    ),
    Task(
        "see why a session is stalled", 1, ("exclamation_mark",),
        ("Bump the dependencies", "silent for 49 m in `pytest -x`"),
    ),
    Task("see the tokens of a session", 3, ("6", "enter"), ("Fix the failing", "46.7k"), "1"),
    Task(
        "find a failed command of last week", 8, ("5", "h", "tab", "tab", "k", "tab", "c", "enter"),
        ("exit 1 pytest -x", "exit 1 echo 'FAILED", "4 d"), "1",
    ),
    Task("choose another theme", 3, ("ctrl+t", "down", "enter"), ()),
    Task("retry a failed batch and see its outcome", 3, ("3", "r"), ("retried by you",)),
    Task(
        "retry only the errors of one session", 3, ("3", "enter", "r"),
        ("Timeline", "Begin"),
    ),
)  # fmt: skip


async def test_frequent_tasks_take_few_keys(harness: AppHarness) -> None:
    broken = harness.home.session()
    broken.prompt("Begin")
    broken.write()
    harness.ingest()
    broken.end_turn("Done")
    broken.write()
    packed = harness.home.compress(broken)
    packed.write_bytes(packed.read_bytes()[:-20])
    harness.ingest()
    async with harness.open_dashboard() as (app, pilot):
        for task in TASKS:
            assert len(task.keys) <= task.most, task.name
            await press_each(pilot, task.start)
            # A repeated message replaces the earlier one.
            app.clear_notifications()
            theme = app.theme
            await press_each(pilot, *task.keys)
            for text in task.seen:
                await wait_for_text(pilot, text)
            if "theme" in task.name:
                await wait_until(pilot, partial(is_other_theme, app, theme))
            if "retry" in task.name:
                harness.ingest()
                await wait_until(pilot, partial(has_notes, app, 2))
                queued, outcome = (note.message for note in app._notifications)
                assert queued == "Queued 1 batch."
                assert outcome.startswith("✗ 1 batch failed again: The compressed file")
        assert isinstance(app.screen, SessionScreen)


def is_other_theme(app: Dashboard, theme: str) -> bool:
    return app.theme != theme


def has_notes(app: Dashboard, count: int) -> bool:
    return len(app._notifications) >= count
