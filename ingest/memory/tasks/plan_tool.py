"""Codex's plan tool: whether it is on, and how to switch it on. Off by default since 0.152."""

import re
from typing import Final

OFF_SINCE: Final = (0, 152)
SWITCH_ON: Final = "[tools.update_plan] enabled = true"
"""What Codex's config.toml has to say."""
HINT: Final = (
    "Codex's plan tool is off, so sessions write no plan. "
    f"Put this into Codex's config.toml: {SWITCH_ON}"
)


def on_by_default(codex: str | None) -> bool | None:
    """Whether this version of Codex has the plan tool on; None where that cannot be told."""
    numbers = re.match(r"(\d+)\.(\d+)", codex or "")
    return (int(numbers[1]), int(numbers[2])) < OFF_SINCE if numbers else None
