"""The plan of a project, in its views and states."""

from collections.abc import Iterator

import pytest

from tests.app_harness import Stage, staged
from tests.build import Home
from tests.sample_home import HOSTILE
from tests.snapshots.conftest import Picture


def grown(home: Home) -> None:
    """A plan that changed in every way, with agents; and text that wants to be more than text."""
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
def grown_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("grown"), grown) as stage:
        yield stage


def test_the_plan_is_a_graph(stage: Stage, picture: Picture, size: tuple[int, int]) -> None:
    picture(stage, size, "2", "l", "l")


def test_the_plan_is_a_tree(stage: Stage, picture: Picture, size: tuple[int, int]) -> None:
    picture(stage, size, "2", "right_curly_bracket", "right_curly_bracket", "v", *"jjjjj")


def test_the_plan_is_a_table(stage: Stage, picture: Picture, size: tuple[int, int]) -> None:
    picture(stage, size, "2", "v", "v", "j")


def test_a_revision_shows_what_it_changed(
    grown_stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(grown_stage, size, "2", "left_square_bracket")


def test_text_of_a_log_is_drawn_as_text(
    grown_stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(grown_stage, size, "2", "l", "l", "l")


def test_the_other_end_of_an_edge_is_picked(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "2", "l", "D", "h")


def test_without_tasks_it_says_where_they_come_from(
    empty_stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(empty_stage, size, "2")
