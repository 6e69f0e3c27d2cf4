"""The optional extra `tailboard[agents]`. Under 40 lines: two commands share it."""

import importlib.util

from ingest.errors import ExtraMissing


def require_agents() -> None:
    """Refuse a command that needs the SDK, if that is not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise ExtraMissing("`tailboard mcp` and `tailboard serve` need", "agents")
