"""Hostile text on every screen is shown as plain text and does not break the layout."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_harness import AppHarness, press, running_harness, screen_text, wait_settled
from tests.build import Home
from tests.integration.tui.terminal import terminal
from tests.sample_home import HOSTILE
from tui.commands import SCREENS
from tui.dashboard import Dashboard

WORD = "w" * 1_000_000
MARKS = "a" + "\u0301" * 10_000
LINKS = "[x](javascript:alert(1)) [link=file:///etc/passwd]y[/link] https://example.invalid/z"
SIZES = ((1, 1), (59, 14), (60, 15), (80, 24), (99, 30), (100, 30), (200, 50))


def hostile(home: Home) -> None:
    """Sessions with hostile text in every text field."""
    for number, text in enumerate((HOSTILE, WORD, MARKS, LINKS)):
        session = home.session(cwd=f"/home/dev/{number}\x1b[31m[red]")
        session.prompt(text)
        session.plan([(text[:2000], "in_progress"), ("Read on", "pending")], text[:2000])
        session.command(f"echo {text[:3000]}", exit_code=1, output=text[:5000])
        session.patch({f"src/{number}[@click=app.quit].py": f"# {text[:200]}\n"})
        session.end_turn(text)
        session.raw(b'{"broken\x1b]52;c;aGk=\x07\x9b2J\n')
        session.write()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AppHarness]:
    with running_harness(tmp_path, hostile) as harness:
        yield harness


def is_intact(app: Dashboard) -> bool:
    """Whether every line fits and has no control characters, links or actions."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            # The dashboard itself puts a non-breaking space behind the dot of a list.
            text = segment.text.replace("\u00a0", " ")
            if not text.isprintable() and text.strip():
                return False
            if style is not None and (style.link or "@click" in style.meta):
                return False
        if strip.cell_length > app.size.width:
            return False
    return True


@pytest.mark.fault("U02", "U04", "U13")
async def test_hostile_text_is_plain_text_on_every_screen_and_keeps_the_layout(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Dashboard, "open_url", lambda _, url, **__: opened.append(url))
    async with harness.open_dashboard(size=(100, 30)) as (app, pilot):
        for key in "123465":
            await press(pilot, key)
            assert app.current_mode == SCREENS[int(key) - 1]
            assert is_intact(app), screen_text(app)
            for more in ("j", "j", "enter", "escape") if key != "5" else ("x",):
                await press(pilot, more)
                assert is_intact(app), screen_text(app)
        assert app.is_running
        assert opened == []


@pytest.mark.fault("U05")
async def test_every_screen_is_drawn_at_every_window_size(harness: AppHarness) -> None:
    async with harness.open_dashboard(size=(80, 24)) as (app, pilot):
        for key in "123465":
            await pilot.press(key)
            for columns, rows in SIZES:
                await pilot.resize_terminal(columns, rows)
                await press(pilot, "down")
            await pilot.resize_terminal(80, 24)
            await wait_settled(pilot)
            assert is_intact(app), screen_text(app)


@pytest.mark.fault("U01", "U03")
def test_the_program_sends_no_hostile_sequence_to_the_terminal(tmp_path: Path) -> None:
    hostile(Home(tmp_path / "codex"))
    env = {
        "CODEX_HOME": str(tmp_path / "codex"),
        "TAILBOARD_DB": str(tmp_path / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(tmp_path / "config.toml"),
    }
    with terminal([], env) as opened:
        at = opened.until("4 sessions")
        for key in "23465":
            opened.type(key)
            at = opened.until("Insights", at)
        opened.type("evil")
        opened.until("hits", at)
        opened.type("\x03")
        opened.end()
        for sequence in (b"\x1b]52;c;aGk=", b"\x9b2J\x1b", "\u009b".encode(), "\u202e".encode()):
            assert sequence not in opened.written
