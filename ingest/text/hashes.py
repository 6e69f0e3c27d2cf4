"""Short hashes of commits: everywhere with the same number of digits."""

from typing import Final

DIGITS: Final = 8


def short_hash(commit: str) -> str:
    return commit[:DIGITS]
