"""Insights, as a person at the keyboard sees them."""

from tests.stage import Stage, settled, shown


async def test_a_span_is_chosen_and_compared_with_the_one_before(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        assert "the last 30 days" in shown(app)
        assert "Codex's files" in shown(app)
        await pilot.press("t", "t", "t", "c")
        await settled(pilot)
        assert "the 7 days before" in shown(app)
        assert "No session in this time" in shown(app)
        await pilot.press("tab", "G")
        await settled(pilot)
        assert "Then and now" in shown(app)
        await pilot.press("c")
        await settled(pilot)
        assert "Codex's files" in shown(app)


async def test_all_of_it_has_nothing_before_it(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("6", "t", "t", "c")
        await settled(pilot)
        assert "all of it" in shown(app)
        assert "before" not in shown(app).split("Before all of it")[0]
