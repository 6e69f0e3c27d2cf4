"""The real program in a real terminal: it starts, is resized, suspended and left, and whatever
happens the terminal is as it was."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.server import owner_file
from tests.build import Home
from tests.integration.tui.terminal import PATIENCE, Terminal, terminal
from tests.sample_home import HOSTILE, everything

ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000h", b"\x1b[?1000l"
CURSOR_ON = b"\x1b[?25h"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    everything(Home(tmp_path / "codex"))
    return {
        "CODEX_HOME": str(tmp_path / "codex"),
        "TAILBOARD_DB": str(tmp_path / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(tmp_path / "config.toml"),
    }


@pytest.fixture
def opened(env: dict[str, str]) -> Iterator[Terminal]:
    with terminal([], env) as found:
        found.until("Refactor the lexer")
        yield found


def is_restored(found: Terminal, since: int = 0) -> bool:
    said = found.written[since:]
    return (
        said.rfind(ALTERNATE_OFF) > said.rfind(ALTERNATE_ON)
        and said.rfind(MOUSE_OFF) > said.rfind(MOUSE_ON)
        and CURSOR_ON in said
    )


def test_it_opens_reads_everything_and_leaves_the_terminal_as_it_was(opened: Terminal) -> None:
    assert ALTERNATE_ON in opened.written
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened)


def test_a_terminal_that_cannot_place_text_gets_the_status_and_the_reason(
    env: dict[str, str],
) -> None:
    with terminal([], {**env, "TERM": "dumb"}) as found:
        found.until("No dashboard: this terminal (TERM=dumb) cannot position text.")
        found.until("Nothing has been read yet.")
        assert found.end() == 0
        assert b"\x1b[" not in found.written.replace(b"\x1b[1m", b"").replace(b"\x1b[0m", b"")


def test_where_only_ascii_can_be_written_signs_have_their_twins(env: dict[str, str]) -> None:
    with terminal([], {**env, "PYTHONIOENCODING": "latin-1"}) as found:
        found.until("+ Read")
        found.type("q")
        assert found.end() == 0
        assert "\\u2713" not in found.plain()
        assert found.written.isascii()


def test_of_sixteen_colours_those_that_tell_states_apart_are_used(env: dict[str, str]) -> None:
    with terminal(
        [], {**env, "TERM": "xterm-16color", "COLORTERM": "", "TAILBOARD_IDLE_HOURS": "1e6"}
    ) as found:
        found.until("Refactor the lexer")
        for colour in (b"91", b"92", b"93", b"95"):  # Failed, running, waiting, stalled.
            found.until_bytes(b"\x1b[" + colour)
        found.type("q")
        assert found.end() == 0


def test_control_c_leaves(opened: Terminal) -> None:
    opened.type("\x03")
    assert opened.end() == 0
    assert is_restored(opened)


def test_the_owner_ends_with_the_dashboard(opened: Terminal, env: dict[str, str]) -> None:
    plate = owner_file.read(Path(env["TAILBOARD_DB"]))
    assert plate is not None
    assert plate.role == "dashboard"
    opened.type("q")
    assert opened.end() == 0
    # It takes the plate down when it has ended its round.
    while owner_file.read(Path(env["TAILBOARD_DB"])) is not None:
        os.sched_yield()


def test_a_killed_owner_is_replaced_and_the_screen_goes_on(
    opened: Terminal, env: dict[str, str], tmp_path: Path
) -> None:
    plate = owner_file.read(Path(env["TAILBOARD_DB"]))
    assert plate is not None
    os.kill(plate.pid, signal.SIGKILL)
    home = Home(tmp_path / "codex", start_ms=1_790_000_000_000)
    new = home.session(cwd="/home/dev/zebra")
    new.prompt("Stripes for everybody")
    new.end_turn("Done.")
    new.write()
    opened.until("zebra")
    opened.type("q")
    assert opened.end() == 0


@pytest.mark.parametrize("replaced", [False, True])
def test_a_database_that_is_deleted_or_replaced_is_built_again_and_that_is_said(
    opened: Terminal, env: dict[str, str], replaced: bool
) -> None:
    path = Path(env["TAILBOARD_DB"])
    at = len(opened.written)
    if replaced:
        other = path.with_name("other")
        other.touch()
        other.replace(path)
    else:
        path.unlink()
    at = opened.until("The database was deleted or replaced while it was open.", at)
    opened.type("3")
    opened.until("completed", at)
    opened.type("1q")
    assert opened.end() == 0
    assert is_restored(opened)
    assert path.stat().st_size > 0


def test_dialogs_opened_and_closed_in_one_read_do_not_end_it(opened: Terminal) -> None:
    for keys in (":\r\r", ":\r\r\r", "???", "gwww", "2s\r\r", "2m\r\r\r", "3X\r\r\r"):
        at = len(opened.written)
        opened.type(f"1{keys}6")
        opened.until("Tokens", at)
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened)
    assert "mistake" not in opened.plain()


def test_the_pipeline_counts_down_to_the_next_sweep(opened: Terminal) -> None:
    opened.type("3")
    opened.until("next sweep")
    opened.type("q")
    assert opened.end() == 0


def test_it_is_resized_to_nothing_and_back(opened: Terminal) -> None:
    at = len(opened.written)
    opened.resize(50, 12)
    at = opened.until("Tailboard needs 60×15", at)
    opened.resize(10, 3)
    at = opened.until("The window is too small.", at)
    opened.resize(1, 1)
    at = opened.until("T", at)
    opened.resize(80, 24)
    at = opened.until("Refactor the lexer", at)
    opened.resize(10, 80)
    at = opened.until("The window is too small.", at)
    opened.resize(200, 50)
    at = opened.until("codex resume", at)
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened)


@pytest.mark.fault("U06")
def test_control_z_gives_the_terminal_back_and_fg_comes_back(opened: Terminal) -> None:
    at = len(opened.written)
    opened.type("\x1a")
    opened.until_bytes(ALTERNATE_OFF, at)
    _, status = os.waitpid(opened.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert is_restored(opened)
    at = len(opened.written)
    opened.process.send_signal(signal.SIGCONT)
    opened.until_bytes(ALTERNATE_ON, at)
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened, at)


@pytest.mark.fault("U06")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_lost_terminal_or_a_polite_kill_ends_it_in_order(
    opened: Terminal, number: signal.Signals
) -> None:
    opened.process.send_signal(number)
    opened.end()
    assert is_restored(opened)


@pytest.mark.fault("U06")
@pytest.mark.parametrize("told", [True, False])
def test_when_its_window_is_closed_it_ends(env: dict[str, str], told: bool) -> None:
    """Also where nobody tells it: a program between it and the terminal took the signal."""
    with terminal([], env, told=told) as opened:
        opened.until("Refactor the lexer")
        opened.hang_up()
        opened.process.wait(PATIENCE)


@pytest.mark.fault("U01")
def test_nothing_but_sequences_of_our_own_reaches_the_terminal(opened: Terminal) -> None:
    opened.type("/evil\r")
    at = opened.until("filter: evil")
    opened.type("G\r")
    at = opened.until("moments", at)
    opened.type("jji\t")
    opened.until("/sessions/2026", at)
    opened.type("q")
    opened.end()
    assert b"\x1b]52" not in opened.written
    assert b"\x9b2J" not in opened.written.replace("\u009b".encode(), b"")
    assert "\u009b".encode() not in opened.written
    assert "\u202e".encode() not in opened.written
    assert HOSTILE.encode() not in opened.written


def test_without_the_mouse_the_terminal_keeps_it(env: dict[str, str]) -> None:
    with terminal(["--no-mouse"], env) as found:
        found.until("Refactor the lexer")
        found.type("q")
        assert found.end() == 0
        assert MOUSE_ON not in found.written


@pytest.mark.fault("U07")
def test_in_ascii_nothing_else_is_written(env: dict[str, str]) -> None:
    with terminal([], {**env, "TAILBOARD_ASCII": "1"}) as found:
        found.until("Refactor the lexer")
        found.type("q")
        assert found.end() == 0
        assert found.plain().isascii()


@pytest.mark.fault("U07")
def test_a_dumb_terminal_gets_the_status(env: dict[str, str]) -> None:
    with terminal([], {**env, "TERM": "dumb"}) as found:
        assert found.end() in (0, 1)
        assert ALTERNATE_ON not in found.written
        assert "tailboard ingest" in found.plain()


@pytest.mark.fault("U08")
def test_a_database_that_is_none_of_ours_is_told_with_what_can_be_done(
    env: dict[str, str],
) -> None:
    path = Path(env["TAILBOARD_DB"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a letter to a friend" * 500)
    with terminal([], env) as found:
        found.until("The database cannot be opened")
        found.until("is not a Tailboard database")
        found.until("Press r to try again")
        at = len(found.written)
        path.unlink()
        found.type("r")
        found.until("Refactor the lexer", at)
        found.type("q")
        assert found.end() == 0
        assert is_restored(found)
