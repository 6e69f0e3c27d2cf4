"""Recorded text, moved to another time and place.

Times stand in three forms (ISO 8601, seconds and milliseconds since 1970) and inside of ids, which
sort by them; all are moved by the same whole number of seconds, so nothing changes its length or
its order.
"""

import json
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

_SPAN: Final = timedelta(days=60)
"""How far from its now a story reaches; other numbers of ten digits are no times."""
_STAMP: Final = "%Y-%m-%dT%H-%M-%S"
_TIMES: Final = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=\.\d+Z)"
    r"|(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4})(?=-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
    r"|(?<![\w.-])(?P<seconds>\d{10})(?=(?:\d{3})?(?![\w.-]))"
)
_NAME: Final = re.compile(
    r"sessions/(?:\d{4}/\d\d/\d\d/)?rollout-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)-"
)
_SAID: Final = re.compile(r'"(?:timestamp|updated_at)":"([^"]+)Z"|"ts":(\d+)')


class TimeShift(Struct, frozen=True):
    """From the story's now to another, and from words of the story to others."""

    now_ms: int
    by: timedelta
    """Whole seconds."""
    words: dict[str, str]
    """What stands for what, in the order in which it is replaced."""

    def text(self, recorded: str) -> str:
        moved = _TIMES.sub(self._time, recorded)
        for word, other in self.words.items():
            # The text is JSON, so what is put into it is written as JSON has it.
            moved = moved.replace(word, json.dumps(other)[1:-1])
        return moved

    def path(self, recorded: str, zone: tzinfo | None) -> str:
        """Codex names files and folders by the local time."""
        found = _NAME.search(recorded)
        if found is None:
            return recorded
        was = datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
        at = (was + self.by).astimezone(zone)
        dated = f"/{at:%Y/%m/%d}/" if f"/{was:%Y/%m/%d}/" in recorded else "/"
        folder = recorded[: found.start()] + "sessions"
        rest = _TIMES.sub(self._time, recorded[found.end() :])
        return f"{folder}{dated}rollout-{at:{_STAMP}}-{rest}"

    def _time(self, found: re.Match[str]) -> str:
        said = found[0]
        seconds = round(self.by.total_seconds())
        match found.lastgroup:
            case "iso":
                return (datetime.fromisoformat(said) + self.by).isoformat()
            case "id":
                ms = int(said.replace("-", ""), 16)
                moved = f"{ms + 1000 * seconds:012x}" if self._is_near(ms) else said
                return moved if moved == said else f"{moved[:8]}-{moved[8:]}"
            case _:
                near = self._is_near(1000 * int(said))
                return str(int(said) + seconds) if near else said

    def _is_near(self, ms: int) -> bool:
        return abs(ms - self.now_ms) < _SPAN.total_seconds() * 1000


def time_of(line: str) -> datetime | None:
    """When this line was written, as it says itself; the old ones say nothing."""
    found = _SAID.search(line)
    if found is None:
        return None
    if found[2]:
        return datetime.fromtimestamp(int(found[2]), UTC)
    return datetime.fromisoformat(f"{found[1][:23]}+00:00")
