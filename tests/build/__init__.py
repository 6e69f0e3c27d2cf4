"""Builders of Codex homes: they write session files as the real Codex releases do.

Tests describe in the user's words what happened; the builders write the lines and keep the facts.
Only the standard library is needed, and zstandard for compressed files.
"""

from tests.build.expected import Expected, Usage
from tests.build.home import Home
from tests.build.rollout import Rollout

__all__ = ["Expected", "Home", "Rollout", "Usage"]
