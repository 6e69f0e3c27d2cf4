"""The optional extra `tailboard[agents]`. Under 40 lines: two commands share it."""

import importlib.util

from ingest.errors import CommandError
from ingest.exit_codes import Exit


class ExtraMissing(CommandError):
    code = "extra_missing"
    exit_code = Exit.UNUSABLE


def require_agents() -> None:
    """Refuse a command that needs the SDK, if that is not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise ExtraMissing(
            "`tailboard mcp` and `tailboard serve` need the optional part `agents`.",
            "Install it: pipx install --force '.[agents]' where you installed Tailboard from.",
        )
