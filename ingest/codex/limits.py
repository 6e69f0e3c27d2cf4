"""The account's limits, as Codex reports them with the token counts: how much of each window is
used and when the window begins anew.

Codex repeats them with every count. They are stored when they change.
"""

from typing import Any, Final

from msgspec import Raw

from ingest.codex.facts import MAIN_BUCKET, LimitUse
from ingest.codex.fields import iso_time, optional_text, parsed_json, parsed_time, safe_int
from ingest.codex.line_context import LineContext

_WINDOWS: Final = ("primary", "secondary")
_ROUNDED_MINUTES: Final = 5
"""Some releases write 299 minutes for five hours and 10079 for a week."""
_SAME_RESET: Final = 120.0
"""Seconds: older releases write how long until the reset, so that the moment varies a little."""
_REMEMBERED: Final = 8
MAX_PERCENT: Final = 10_000.0

LimitState = dict[str, tuple[float, float]]
"""The use and the reset (Unix seconds, or 0) that were stored last, by bucket and window."""


def changed_limits(raw: Raw, state: LimitState, current: LineContext) -> list[LimitUse]:
    """The limits of this count that differ from those stored before."""
    if len(raw) <= len(b"null"):
        return []
    limits = parsed_json(raw)
    if not isinstance(limits, dict):
        return []
    bucket = optional_text(limits.get("limit_id"), 64) or MAIN_BUCKET
    plan = optional_text(limits.get("plan_type"), 64)
    changed = []
    for name in _WINDOWS:
        window = _window(limits, name, current)
        if window is None:
            continue
        minutes, used, resets = window
        key = f"{bucket} {minutes}"
        before = state.pop(key, None)
        state[key] = (used, resets)
        if before is None or before[0] != used or abs(before[1] - resets) > _SAME_RESET:
            changed.append(
                LimitUse(
                    current.source,
                    current.offset,
                    current.turn,
                    current.at,
                    bucket,
                    minutes,
                    used,
                    iso_time(resets) if resets else None,
                    plan,
                )
            )
    while len(state) > _REMEMBERED:
        del state[next(iter(state))]
    return changed


def _window(
    limits: dict[str, Any], name: str, current: LineContext
) -> tuple[int | None, float, float] | None:
    """Minutes, used percent and reset (0 if unknown) of a window; None if it is not reported."""
    window = limits.get(name)
    if not isinstance(window, dict):
        # Before 0.42 the values stood side by side.
        window = {key: limits.get(f"{name}_{key}") for key in ("used_percent", "window_minutes")}
    used = window.get("used_percent")
    if not isinstance(used, int | float) or not 0 <= used <= MAX_PERCENT:
        return None
    minutes = safe_int(window.get("window_minutes"))
    if minutes is not None:
        minutes = max(minutes, round(minutes / _ROUNDED_MINUTES) * _ROUNDED_MINUTES)
    return minutes, float(used), _reset(window, current)


def _reset(window: dict[str, Any], current: LineContext) -> float:
    if (at := safe_int(window.get("resets_at"))) is not None:
        return float(at) if iso_time(at) else 0.0
    seconds, now = safe_int(window.get("resets_in_seconds")), parsed_time(current.at)
    return now + seconds if seconds is not None and now is not None else 0.0
