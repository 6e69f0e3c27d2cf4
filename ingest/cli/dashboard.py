"""The way to the dashboard, for the commands that open it.

By name and late: the core must run, and start fast, without the screen.
"""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ingest.exit_codes import Exit

if TYPE_CHECKING:  # The help must not wait for it.
    from ingest.settings import Settings

DUMB: Final = ("", "dumb", "unknown")
"""What TERM says where text cannot be placed."""


def is_person() -> bool:
    """Whether somebody types here and reads what comes of it."""
    return sys.stdout.isatty() and sys.stdin.isatty()


def draws(env: Mapping[str, str]) -> bool:
    """Whether there is a terminal that can be drawn on, and typed at."""
    return is_person() and env.get("TERM", "") not in DUMB


def cannot_draw(env: Mapping[str, str]) -> str:
    """Why a person sees `status` instead."""
    term = env.get("TERM", "")
    terminal = f"TERM={term}" if term else "without TERM"
    return f"No dashboard: this terminal ({terminal}) cannot position text. See `tailboard doctor`."


def opened(settings: "Settings", *, mouse: bool = True) -> int | None:
    """Open the dashboard until it is closed; None where this installation has none."""
    if importlib.util.find_spec("tui.app") is None:
        return None
    code = importlib.import_module("tui.app").run(settings, mouse=mouse)
    return code if isinstance(code, int) else Exit.DONE
