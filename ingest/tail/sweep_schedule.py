"""Schedule of sweeps: when to stat which files, independent of file events.

Pure; the clock (monotonic seconds) is an argument, and the caller does the sweeps.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

EVERYTHING_EVERY = 60.0
RECENT_EVERY = 2.0
RECENT_EVERY_POLLING = 5.0
RECENT_AT_MOST = 10.0
EVERYTHING_AT_MOST = 300.0
SHARE = 1000
"""Sweeps take at most 1/SHARE of the time, so that a home with 100,000 files costs little. The
intervals never grow beyond `…_AT_MOST`."""
RECENT_NS = 24 * 3600 * 10**9
"""A file changed within this time is recent."""


class Sweep(StrEnum):
    NOTHING = "nothing"
    RECENT = "recent"
    EVERYTHING = "everything"


class SweepPlan(Struct, frozen=True):
    recent_every: float = RECENT_EVERY
    everything_every: float = EVERYTHING_EVERY
    recent_at: float | None = None
    """Time of the last sweep of recent files."""
    everything_at: float | None = None
    recent_took: float = 0.0
    everything_took: float = 0.0

    def due(self, now: float) -> Sweep:
        if self.everything_due is None or now >= self.everything_due:
            return Sweep.EVERYTHING
        if self.recent_at is None or now >= self.recent_at + self._recent_pause:
            return Sweep.RECENT
        return Sweep.NOTHING

    @property
    def everything_due(self) -> float | None:
        """When the next full sweep is due; None: now."""
        return None if self.everything_at is None else self.everything_at + self._everything_pause

    @property
    def _recent_pause(self) -> float:
        longest = max(self.recent_every, RECENT_AT_MOST)
        return min(longest, max(self.recent_every, self.recent_took * SHARE))

    @property
    def _everything_pause(self) -> float:
        longest = max(self.everything_every, EVERYTHING_AT_MOST)
        return min(longest, max(self.everything_every, self.everything_took * SHARE))

    def wait(self, now: float) -> float:
        """Seconds until something is due."""
        if self.everything_due is None or self.recent_at is None:
            return 0.0
        return max(0.0, min(self.everything_due, self.recent_at + self._recent_pause) - now)

    def done(self, sweep: Sweep, now: float, took: float = 0.0) -> "SweepPlan":
        """A full sweep includes the recent files."""
        match sweep:
            case Sweep.EVERYTHING:
                return replace(self, everything_at=now, recent_at=now, everything_took=took)
            case Sweep.RECENT:
                return replace(self, recent_at=now, recent_took=took)
            case Sweep.NOTHING:
                return self
