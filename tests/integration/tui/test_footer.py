"""The footer lists only keys that do something now."""

from pathlib import Path

import pytest

from tests.app_harness import AppHarness, press, screen_text, wait_settled


def footer(app: object) -> str:
    return screen_text(app).splitlines()[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("screen_key", "absent"),
    [
        ("2", ("Enter open", "y copy")),
        ("3", ("Enter open", "r retry", "R retry all", "y copy")),
        ("4", ("Enter open", "Ctrl+e automatic", "e export", "y copy")),
    ],
)
async def test_an_empty_screen_offers_no_keys_for_rows(
    tmp_path: Path, screen_key: str, absent: tuple[str, ...]
) -> None:
    harness = AppHarness(tmp_path)
    harness.start_owner()
    try:
        app = harness.make_dashboard()
        async with app.run_test(size=(240, 40)) as pilot:
            await wait_settled(pilot)
            await press(pilot, screen_key)
            assert [key for key in absent if key in footer(app)] == []
    finally:
        harness.stop_owner()


async def test_footer_says_whether_enter_opens_or_closes_a_tree_row(harness: AppHarness) -> None:
    async with harness.open_dashboard("4") as (app, pilot):
        assert "Enter close" in footer(app)
        await press(pilot, "enter")
        assert "Enter open" in footer(app)
