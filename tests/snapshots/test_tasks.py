"""Snapshots of the tasks screen."""

from collections.abc import Iterator

import pytest

from tests.app_harness import AppHarness, running_harness
from tests.build import Home
from tests.sample_home import HOSTILE
from tests.snapshots.conftest import Picture


def write_changed_plan(home: Home) -> None:
    """A plan with changes of every kind, and with hostile text."""
    session = home.session("g3", cwd="/home/dev/parser")
    session.prompt("Fix the parser")
    session.plan(
        [("Read the failing test", "in_progress"), ("Fix the parser", "pending"),
         ("Run the suite", "pending"), ("Deploy", "pending")],
        "Begin",
    )  # fmt: skip
    session.command("pytest -x", exit_code=1, output="1 failed")
    session.plan(
        [("Run the suite", "pending"), ("Read the failing test", "completed"),
         ("Fix the unicode parser", "in_progress"), (f"Ask {HOSTILE}", "pending")],
        "The other way round",
    )  # fmt: skip
    session.patch({"parser/lex.py": "x = 1\n"})
    session.end_turn("Half.\n- [ ] Write it up\n- [x] Read the docs")
    session.write()


@pytest.fixture(scope="module")
def plan_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppHarness]:
    with running_harness(tmp_path_factory.mktemp("plan"), write_changed_plan) as harness:
        yield harness


def test_task_tree(harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(harness, size, "2", "right_curly_bracket", "right_curly_bracket", "v", *"jjjjj")


def test_task_table(harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(harness, size, "2", "v", "v", "j")


def test_revision_shows_its_changes(
    plan_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(plan_harness, size, "2", "left_square_bracket")


def test_hostile_text_in_the_graph_is_plain_text(
    plan_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(plan_harness, size, "2", "l", "l", "l")


def test_picking_a_dependency(harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(harness, size, "2", "l", "D", "h")


def test_empty_tasks_screen(
    empty_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(empty_harness, size, "2")
