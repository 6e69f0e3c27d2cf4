"""The line of keys: what stands there does something, and says what."""

from pathlib import Path

import pytest

from tests.app_harness import Stage, press, settled, shown


def foot(app: object) -> str:
    return shown(app).splitlines()[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "idle"),
    [
        ("2", ("Enter open", "y copy")),
        ("3", ("Enter open", "r retry", "R retry all", "y copy")),
        ("4", ("Enter open", "A automatic", "e export", "y copy")),
    ],
)
async def test_where_there_is_nothing_no_key_is_offered_for_it(
    tmp_path: Path, place: str, idle: tuple[str, ...]
) -> None:
    stage = Stage(tmp_path)
    stage.open()
    try:
        app = stage.dashboard()
        async with app.run_test(size=(240, 40)) as pilot:
            await settled(pilot)
            await press(pilot, place)
            assert [key for key in idle if key in foot(app)] == []
    finally:
        stage.close()


async def test_what_enter_does_to_an_open_line_of_a_tree_is_told(stage: Stage) -> None:
    async with stage.opened("4") as (app, pilot):
        assert "Enter close" in foot(app)
        await press(pilot, "enter")
        assert "Enter open" in foot(app)
