"""The basis of every line: a clock that ticks by itself, ids that only grow, JSON as Codex prints
it.

Nothing here reads the real clock or real randomness, so the same calls give the same bytes.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

START_MS = 1_795_248_000_000
"""2026-11-21T08:00:00.000Z"""


def compact(value: object) -> bytes:
    """JSON the way serde prints it: no spaces, keys in the order given, text unescaped."""
    return text(value).encode()


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def iso(ms: int) -> str:
    """RFC 3339 in UTC with exactly three fraction digits."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class Clock:
    """Milliseconds that pass only on request."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self.ms = start_ms

    @property
    def seconds(self) -> int:
        return self.ms // 1000

    def tick(self, ms: int = 1) -> int:
        self.ms += ms
        return self.ms

    def advance(self, seconds: float) -> int:
        return self.tick(round(seconds * 1000))


class Ids:
    """Ids that look random, never repeat and sort by the time they were made."""

    def __init__(self, clock: Clock, seed: str = "tailboard") -> None:
        self._clock = clock
        self._seed = seed
        self._count = 0

    def _digest(self) -> int:
        self._count += 1
        return int.from_bytes(hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest())

    def v7(self) -> str:
        noise = self._digest() & ((1 << 48) - 1)
        high = (self._clock.ms << 16) | (7 << 12) | (self._count >> 14 & 0xFFF)
        low = (0b10 << 62) | ((self._count & 0x3FFF) << 48) | noise
        return str(uuid.UUID(int=(high << 64) | low))

    def v4(self) -> str:
        return str(uuid.UUID(int=self._digest() >> 128, version=4))

    def number(self) -> int:
        """A small number for `call_3`, `rs_4`, `resp_5`: one counter for all, as a server has."""
        self._count += 1
        return self._count

    def hex(self, digits: int) -> str:
        return f"{self._digest():064x}"[:digits]
