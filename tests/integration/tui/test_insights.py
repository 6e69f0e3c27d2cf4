"""Insights, as a person at the keyboard sees them."""

from tests.app_harness import Stage, press, shown


async def test_a_span_is_chosen_and_compared_with_the_one_before(stage: Stage) -> None:
    async with stage.opened("6", size=(120, 60)) as (app, pilot):
        assert "the last 30 days" in shown(app)
        assert "Codex's files" in shown(app)
        await press(pilot, "t", "t", "t", "c")
        assert "the 7 days before" in shown(app)
        assert "No session in this time" in shown(app)
        await press(pilot, "tab", "G")
        assert "Then and now" in shown(app)
        await press(pilot, "c")
        assert "Codex's files" in shown(app)


async def test_why_names_the_sessions_and_turns_that_weigh_most(stage: Stage) -> None:
    async with stage.opened("6", size=(120, 60)) as (app, pilot):
        await press(pilot, "w")
        assert "Why: who weighs most in the last 30 days" in shown(app)
        assert "Tokens: who spent most" in shown(app)
        assert "Length: the longest turns" in shown(app)
        await press(pilot, "escape")
        assert "Tokens a turn" in shown(app)


async def test_all_of_it_has_nothing_before_it(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "6", "t", "t", "c")
        assert "all of it" in shown(app)
        assert "before" not in shown(app).split("Before all of it")[0]
