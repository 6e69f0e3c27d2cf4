"""The insights screen: periods, comparison and details."""

from tests.app_harness import AppHarness, press, screen_text


async def test_a_period_is_chosen_and_compared_with_the_one_before(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(120, 60)) as (app, pilot):
        assert "the last 30 days" in screen_text(app)
        assert "Codex's files" in screen_text(app)
        await press(pilot, "T", "T", "T", "B")
        assert "the 7 days before" in screen_text(app)
        assert "No sessions in this period" in screen_text(app)
        await press(pilot, "tab", "G")
        assert "Changes" in screen_text(app)
        await press(pilot, "B")
        assert "Codex's files" in screen_text(app)


async def test_why_lists_the_largest_sessions_and_turns(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(120, 60)) as (app, pilot):
        await press(pilot, "w")
        assert "Details: largest in the last 30 days" in screen_text(app)
        assert "Sessions with the most tokens" in screen_text(app)
        assert "Longest turns" in screen_text(app)
        await press(pilot, "escape")
        assert "Tokens per turn" in screen_text(app)


async def test_all_time_cannot_be_compared(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "6", "T", "T", "B")
        assert "all time" in screen_text(app)
        assert "days before" not in screen_text(app)
