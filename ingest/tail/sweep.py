"""When to look at which files, whatever the watcher says: the sweep is the truth.

Pure; the clock (monotonic seconds) comes in as an argument and the looking is for the caller.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

EVERYTHING_EVERY = 60.0
RECENT_EVERY = 2.0
RECENT_EVERY_POLLING = 5.0
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
    everything_at: float | None = None

    def due(self, now: float) -> Sweep:
        if self.everything_at is None or now >= self.everything_at + self.everything_every:
            return Sweep.EVERYTHING
        if self.recent_at is None or now >= self.recent_at + self.recent_every:
            return Sweep.RECENT
        return Sweep.NOTHING

    def wait(self, now: float) -> float:
        """Seconds until something is due."""
        if self.everything_at is None or self.recent_at is None:
            return 0.0
        everything = self.everything_at + self.everything_every
        return max(0.0, min(everything, self.recent_at + self.recent_every) - now)

    def done(self, sweep: Sweep, now: float) -> "SweepPlan":
        """A sweep of everything is one of the recent files too."""
        match sweep:
            case Sweep.EVERYTHING:
                return replace(self, everything_at=now, recent_at=now)
            case Sweep.RECENT:
                return replace(self, recent_at=now)
            case Sweep.NOTHING:
                return self
