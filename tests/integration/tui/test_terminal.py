"""The program in a real terminal: started, resized, suspended and quit. It always restores the
terminal."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.server import owner_file
from tests.build import Home
from tests.integration.tui.conftest import Prepared
from tests.integration.tui.terminal import TIMEOUT, Terminal, terminal
from tests.sample_home import HOSTILE, everything

ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000h", b"\x1b[?1000l"
CURSOR_ON = b"\x1b[?25h"


def environment(home: Path, folder: Path) -> dict[str, str]:
    return {
        "CODEX_HOME": str(home),
        "TAILBOARD_DB": str(folder / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(folder / "config.toml"),
    }


@pytest.fixture
def unread(tmp_path: Path) -> dict[str, str]:
    """The environment of the program before its first start."""
    everything(Home(tmp_path / "codex"))
    return environment(tmp_path / "codex", tmp_path)


@pytest.fixture
def env(prepared: Prepared, tmp_path: Path) -> dict[str, str]:
    """The environment of the program after everything has been read."""
    home, _ = prepared.copy_database(tmp_path)
    return environment(home, tmp_path)


@pytest.fixture
def opened(env: dict[str, str]) -> Iterator[Terminal]:
    with terminal([], env) as program:
        program.until("Refactor the lexer")
        yield program


def is_restored(program: Terminal, since: int = 0) -> bool:
    output = program.written[since:]
    return (
        output.rfind(ALTERNATE_OFF) > output.rfind(ALTERNATE_ON)
        and output.rfind(MOUSE_OFF) > output.rfind(MOUSE_ON)
        and CURSOR_ON in output
    )


def test_quit_restores_the_terminal_and_ends_the_owner(
    opened: Terminal, env: dict[str, str]
) -> None:
    assert ALTERNATE_ON in opened.written
    owner = owner_file.read(Path(env["TAILBOARD_DB"]))
    assert owner is not None
    assert owner.role == "dashboard"
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened)
    # The owner removes its file when it has finished its pass.
    while owner_file.read(Path(env["TAILBOARD_DB"])) is not None:
        os.sched_yield()


@pytest.mark.fault("U07")
def test_a_dumb_terminal_gets_the_status_and_the_reason_without_escape_sequences(
    unread: dict[str, str],
) -> None:
    with terminal([], {**unread, "TERM": "dumb"}) as program:
        program.until("No dashboard: this terminal (TERM=dumb) cannot position text.")
        program.until("Nothing has been read yet.")
        assert program.end() == 0
        assert ALTERNATE_ON not in program.written
        assert "tailboard ingest" in program.plain()
        assert b"\x1b[" not in program.written.replace(b"\x1b[1m", b"").replace(b"\x1b[0m", b"")


def test_a_terminal_without_unicode_gets_ascii_replacements(env: dict[str, str]) -> None:
    with terminal([], {**env, "PYTHONIOENCODING": "latin-1"}) as program:
        program.until("d Read")
        program.type("q")
        assert program.end() == 0
        assert "\\u2713" not in program.plain()
        assert program.written.isascii()


def test_states_have_different_colours_with_16_colours(env: dict[str, str]) -> None:
    with terminal(
        [], {**env, "TERM": "xterm-16color", "COLORTERM": "", "TAILBOARD_IDLE_HOURS": "1e6"}
    ) as program:
        program.until("Refactor the lexer")
        for colour in (b"91", b"92", b"93", b"95"):  # Failed, running, waiting, stalled.
            program.until_bytes(b"\x1b[" + colour)
        program.type("q")
        assert program.end() == 0


def test_the_pipeline_shows_the_time_until_the_next_sweep_and_control_c_quits(
    opened: Terminal,
) -> None:
    opened.type("3")
    opened.until("next sweep")
    opened.type("\x03")
    assert opened.end() == 0
    assert is_restored(opened)


def test_a_session_is_resumed_inside_and_the_dashboard_comes_back(
    env: dict[str, str], tmp_path: Path
) -> None:
    codex = tmp_path / "bin" / "codex"
    codex.parent.mkdir()
    codex.write_text("#!/bin/sh\necho This is codex $1 in $CODEX_HOME; read answer; exit 3\n")
    codex.chmod(0o755)
    with terminal([], {**env, "PATH": f"{codex.parent}:{os.environ['PATH']}"}) as program:
        program.until("c resume")
        program.type("C")
        program.until(f"This is codex resume in {env['CODEX_HOME']}")
        program.type("\r")
        program.until("ended with exit code 3")
        program.type("q")
        assert program.end() == 0


def test_a_killed_owner_is_replaced_and_the_screen_is_updated(
    opened: Terminal, env: dict[str, str]
) -> None:
    owner = owner_file.read(Path(env["TAILBOARD_DB"]))
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    home = Home(Path(env["CODEX_HOME"]), start_ms=1_790_000_000_000)
    new = home.session(cwd="/home/dev/zebra")
    new.prompt("Add stripes")
    new.end_turn("Done.")
    new.write()
    opened.until("zebra")
    opened.type("q")
    assert opened.end() == 0


@pytest.mark.parametrize("replaced", [False, True])
def test_a_deleted_or_replaced_database_is_rebuilt_with_a_message(
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
    opened.until("A shows what is done", at)
    opened.type("A")
    opened.until("completed", at)
    opened.type("1q")
    assert opened.end() == 0
    assert is_restored(opened)
    assert path.stat().st_size > 0


def test_dialogs_opened_and_closed_in_one_read_do_not_crash_it(opened: Terminal) -> None:
    for screen, shown, keys in (
        ("1", "Fix the unicode test", ":\r\r"),
        ("1", "Fix the unicode test", "????"),
        ("1", "Fix the unicode test", "gwwww"),
        ("2", "view graph", "s\r\r"),
        ("2", "view graph", "m\r\r\r"),
        ("3", "Batches", "X\r\r\r"),
    ):
        at = len(opened.written)
        opened.type("6")
        at = opened.until("Tokens per day", at)
        opened.type(screen)
        opened.until(shown, at)
        opened.type(keys)
    at = len(opened.written)
    opened.type("6")
    opened.until("Tokens per day", at)
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened)
    assert "Unexpected error" not in opened.plain()


FAILS_TWICE = """
from ingest.cli.main import main
from tui import unexpected_errors
from tui.widgets.table import Table

def fail(*_):
    raise RuntimeError("broken")

Table.action_down = fail
unexpected_errors.TOO_SOON = 1_000_000.0
main()
"""


def test_the_terminal_is_restored_when_a_second_error_ends_it(env: dict[str, str]) -> None:
    with terminal([], env, program_code=FAILS_TWICE) as opened:
        opened.until("Refactor the lexer")
        opened.type("j")
        at = opened.until("Unexpected error")
        opened.type("\r")
        opened.until("Refactor the lexer", at)
        opened.type("j")
        assert opened.end() != 0
        assert is_restored(opened)
        assert "Tailboard ended because of an unexpected error: RuntimeError" in opened.plain(at)


CANNOT_QUIT = """
from ingest.cli.main import main
from tui.dashboard import Dashboard

async def do_nothing(_):
    pass

Dashboard.action_quit = do_nothing
main()
"""
KEYS = [*"abcdefghijklmnoprstuvwxyz0123456789 !/:?[]", "\r", "\t", "\x1b[A", "\x1b[6~", "\x7f"]
KILLS = 8 if os.environ.get("TAILBOARD_SOAK") else 1


def test_random_keys_while_owners_are_killed_do_not_crash_it(env: dict[str, str]) -> None:
    chance = random.Random(11)
    with terminal([], env, program_code=CANNOT_QUIT) as opened:
        opened.until("Refactor the lexer")
        for _ in range(KILLS):
            killed = wait_for_owner(Path(env["TAILBOARD_DB"]), opened)
            opened.type("".join(chance.choices(KEYS, k=60)))
            os.kill(killed, signal.SIGKILL)
            opened.type("".join(chance.choices(KEYS, k=60)))
            opened.resize(chance.randint(1, 300), chance.randint(1, 80))
            wait_for_owner(Path(env["TAILBOARD_DB"]), opened, besides=killed)
        assert opened.process.poll() is None
        opened.process.send_signal(signal.SIGTERM)
        opened.end()
        assert is_restored(opened)
        assert "nexpected error" not in opened.plain()
        assert "Traceback" not in opened.plain()


def wait_for_owner(database: Path, opened: Terminal, besides: int | None = None) -> int:
    """Its process id, once there is one besides this; reads what the program writes meanwhile."""
    until = time.monotonic() + TIMEOUT
    while (owner := owner_file.read(database)) is None or owner.pid == besides:
        opened._read(time.monotonic() + 0.05)
        assert opened.process.poll() is None
        assert time.monotonic() < until
    return owner.pid


def test_it_survives_being_resized_to_one_cell(opened: Terminal) -> None:
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
def test_control_z_suspends_and_fg_resumes(opened: Terminal) -> None:
    at = len(opened.written)
    opened.type("\x1a")
    opened.until_bytes(ALTERNATE_OFF, at)
    _, status = os.waitpid(opened.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    opened.read_available()
    assert is_restored(opened)
    at = len(opened.written)
    opened.process.send_signal(signal.SIGCONT)
    opened.until_bytes(ALTERNATE_ON, at)
    opened.type("q")
    assert opened.end() == 0
    assert is_restored(opened, at)


@pytest.mark.fault("U06")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_sighup_and_sigterm_end_it_and_restore_the_terminal(
    opened: Terminal, number: signal.Signals
) -> None:
    opened.process.send_signal(number)
    opened.end()
    assert is_restored(opened)


@pytest.mark.fault("U06")
@pytest.mark.parametrize("signalled", [True, False])
def test_closing_the_window_ends_it(env: dict[str, str], signalled: bool) -> None:
    """Also without a signal: a program between it and the terminal may have caught it."""
    with terminal([], env, signalled=signalled) as opened:
        opened.until("Refactor the lexer")
        opened.hang_up()
        opened.process.wait(TIMEOUT)


@pytest.mark.fault("U01")
def test_no_hostile_sequence_reaches_the_terminal(opened: Terminal) -> None:
    opened.type("/evil\r")
    at = opened.until("filter: evil")
    opened.type("G")
    for _ in range(10):
        # On a busy machine the filtered rows may not be there yet, and Enter opens nothing.
        opened.type("\r")
        with contextlib.suppress(AssertionError):
            at = opened.until("entries", at, timeout=10)
            break
    else:
        pytest.fail("the session was not opened")
    opened.type("jji\t")
    opened.until("/sessions/2026", at)
    opened.type("q")
    opened.end()
    assert b"\x1b]52" not in opened.written
    assert b"\x9b2J" not in opened.written.replace("\u009b".encode(), b"")
    assert "\u009b".encode() not in opened.written
    assert "\u202e".encode() not in opened.written
    assert HOSTILE.encode() not in opened.written


@pytest.mark.fault("U07")
def test_ascii_mode_writes_only_ascii_and_no_mouse_leaves_the_mouse_to_the_terminal(
    env: dict[str, str],
) -> None:
    with terminal(["--no-mouse"], {**env, "TAILBOARD_ASCII": "1"}) as program:
        program.until("Refactor the lexer")
        program.type("q")
        assert program.end() == 0
        assert program.plain().isascii()
        assert MOUSE_ON not in program.written


@pytest.mark.fault("U08")
def test_a_file_that_is_no_database_is_reported_with_what_to_do(
    unread: dict[str, str],
) -> None:
    path = Path(unread["TAILBOARD_DB"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database" * 500)
    with terminal([], unread) as program:
        program.until("The database cannot be opened")
        program.until("is not a Tailboard database")
        program.until("Press r to try again")
        at = len(program.written)
        path.unlink()
        program.type("r")
        program.until("Refactor the lexer", at)
        program.type("q")
        assert program.end() == 0
        assert is_restored(program)
