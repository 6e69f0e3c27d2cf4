"""The way to the dashboard, for the commands that open it.

By name and late: the core must run, and start fast, without the screen.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING

from ingest.cli.errors import Exit

if TYPE_CHECKING:  # The help must not wait for it.
    from ingest.settings import Settings


def opened(settings: "Settings", *, mouse: bool = True) -> int | None:
    """Open the dashboard until it is closed; None where this installation has none."""
    if importlib.util.find_spec("tui.app") is None:
        return None
    code = importlib.import_module("tui.app").run(settings, mouse=mouse)
    return code if isinstance(code, int) else Exit.DONE
