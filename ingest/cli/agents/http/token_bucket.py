"""How many requests a key may make: a token bucket. Under 40 lines: a value of its own."""

from msgspec import Struct

PER_MINUTE = 60


class TokenBucket(Struct):
    """Holds at most `size` tokens, and gets as many each minute."""

    size: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take a token. Returns 0, or after how many seconds there is one."""
        self.tokens = min(self.size, self.tokens + max(0.0, now - self.at) * self.size / 60)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) * 60 / self.size


def full(now: float, size: float = PER_MINUTE) -> TokenBucket:
    return TokenBucket(size, size, now)
