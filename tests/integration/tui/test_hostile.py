"""Hostile text on every screen: it stays text, whatever it asks for, and the screen stays whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_harness import Stage, press, settled, shown, staged
from tests.build import Home
from tests.integration.tui.terminal import terminal
from tests.sample_home import HOSTILE
from tui.commands import SCREENS
from tui.dashboard import Dashboard

WORD = "w" * 1_000_000
MARKS = "a" + "\u0301" * 10_000
LINKS = "[x](javascript:alert(1)) [link=file:///etc/passwd]y[/link] https://example.invalid/z"
SIZES = ((1, 1), (20, 4), (59, 14), (60, 15), (80, 24), (99, 30), (100, 30), (200, 50), (500, 200))


def hostile(home: Home) -> None:
    """Every field of a session that can hold a text holds a hostile one."""
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
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, hostile) as stage:
        yield stage


def is_whole(app: Dashboard) -> bool:
    """Whether every line fits, nothing acts, and nothing leads anywhere."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if not segment.text.isprintable() and segment.text.strip():
                return False
            if style is not None and (style.link or "@click" in style.meta):
                return False
        if strip.cell_length > app.size.width:
            return False
    return True


@pytest.mark.fault("U02", "U04", "U13")
async def test_on_every_screen_hostile_text_is_only_text_and_the_layout_holds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Dashboard, "open_url", lambda _, url, **__: opened.append(url))
    async with stage.opened(size=(100, 30)) as (app, pilot):
        for key in "123465":
            await press(pilot, key)
            assert app.current_mode == SCREENS[int(key) - 1]
            assert is_whole(app), shown(app)
            for more in ("j", "j", "enter", "escape") if key != "5" else ("x",):
                await press(pilot, more)
                assert is_whole(app), shown(app)
        assert app.is_running
        assert opened == []


@pytest.mark.fault("U05")
async def test_a_window_of_any_size_is_drawn_on_every_screen(stage: Stage) -> None:
    async with stage.opened(size=(80, 24)) as (app, pilot):
        for key in "123465":
            await pilot.press(key)
            for columns, rows in SIZES:
                await pilot.resize_terminal(columns, rows)
                await press(pilot, "down")
            await pilot.resize_terminal(80, 24)
            await settled(pilot)
            assert is_whole(app), shown(app)


@pytest.mark.fault("U01", "U03")
def test_the_real_program_sends_nothing_of_it_to_the_terminal(tmp_path: Path) -> None:
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
        for wrong in (b"\x1b]52;c;aGk=", b"\x9b2J\x1b", "\u009b".encode(), "\u202e".encode()):
            assert wrong not in opened.written
