"""Opens the dashboard for the commands that need it.

Imported by name and late: the core runs, and starts fast, without the dashboard.
"""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ingest.exit_codes import Exit

if TYPE_CHECKING:  # Imported late: `--help` is faster without it.
    from ingest.settings import Settings

DUMB: Final = ("", "dumb", "unknown")
"""Values of TERM for terminals that cannot position text."""


def is_person() -> bool:
    """Whether standard input and output are a terminal."""
    return sys.stdout.isatty() and sys.stdin.isatty()


def draws(env: Mapping[str, str]) -> bool:
    """Whether there is a terminal that can show the dashboard and take input."""
    return is_person() and env.get("TERM", "") not in DUMB


def cannot_draw(env: Mapping[str, str]) -> str:
    """Why the user sees `status` instead."""
    term = env.get("TERM", "")
    terminal = f"TERM={term}" if term else "without TERM"
    return f"No dashboard: this terminal ({terminal}) cannot position text. See `tailboard doctor`."


def opened(settings: "Settings", *, mouse: bool = True) -> int | None:
    """Run the dashboard until it is closed; None if it is not installed."""
    if importlib.util.find_spec("tui.app") is None:
        return None
    code = importlib.import_module("tui.app").run(settings, mouse=mouse)
    return code if isinstance(code, int) else Exit.DONE
