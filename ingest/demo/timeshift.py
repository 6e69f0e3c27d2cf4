"""Moves recorded text to another time and place.

Times occur in three forms (ISO 8601, seconds and milliseconds since 1970) and inside ids that sort
by time. All are moved by the same whole number of seconds, so neither lengths nor the order
change.
"""

import json
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

_SPAN: Final = timedelta(days=60)
"""Numbers of ten digits are times only if they are this close to the recorded time."""
_STAMP: Final = "%Y-%m-%dT%H-%M-%S"
_TIMES: Final = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=\.\d+Z)"
    r"|(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4})(?=-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
    r"|(?<![\w.-])(?P<seconds>\d{10})(?=(?:\d{3})?(?![\w.-]))"
)
_NAME: Final = re.compile(
    r"sessions/(?:\d{4}/\d\d/\d\d/)?rollout-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)-"
)
_LINE_TIME: Final = re.compile(r'"(?:timestamp|updated_at)":"([^"]+)Z"|"ts":(\d+)')


class TimeShift(Struct, frozen=True):
    """Replaces times and words of recorded text."""

    now_ms: int
    by: timedelta
    """Whole seconds."""
    words: dict[str, str]
    """Replacements, in the order in which they are applied."""

    def text(self, recorded: str) -> str:
        moved = _TIMES.sub(self._time, recorded)
        for word, other in self.words.items():
            # The text is JSON, so replacements are escaped.
            moved = moved.replace(word, json.dumps(other)[1:-1])
        return moved

    def path(self, recorded: str, zone: tzinfo | None) -> str:
        """Codex names files and folders after the local time."""
        match = _NAME.search(recorded)
        if match is None:
            return recorded
        was = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
        at = (was + self.by).astimezone(zone)
        dated = f"/{at:%Y/%m/%d}/" if f"/{was:%Y/%m/%d}/" in recorded else "/"
        folder = recorded[: match.start()] + "sessions"
        rest = _TIMES.sub(self._time, recorded[match.end() :])
        return f"{folder}{dated}rollout-{at:{_STAMP}}-{rest}"

    def _time(self, match: re.Match[str]) -> str:
        text = match[0]
        seconds = round(self.by.total_seconds())
        match match.lastgroup:
            case "iso":
                return (datetime.fromisoformat(text) + self.by).isoformat()
            case "id":
                ms = int(text.replace("-", ""), 16)
                moved = f"{ms + 1000 * seconds:012x}" if self._is_near(ms) else text
                return moved if moved == text else f"{moved[:8]}-{moved[8:]}"
            case _:
                near = self._is_near(1000 * int(text))
                return str(int(text) + seconds) if near else text

    def _is_near(self, ms: int) -> bool:
        return abs(ms - self.now_ms) < _SPAN.total_seconds() * 1000


def time_of(line: str) -> datetime | None:
    """The time of a line; None for lines of old formats, which have none."""
    match = _LINE_TIME.search(line)
    if match is None:
        return None
    if match[2]:
        return datetime.fromtimestamp(int(match[2]), UTC)
    return datetime.fromisoformat(f"{match[1][:23]}+00:00")
