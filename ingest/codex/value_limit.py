"""Refuses lines with a very large number of small values, which would need too much memory.

A value of three bytes takes about seventy once it is decoded, so that a line below the cap could
need gigabytes. Most long lines are long texts and not affected.
"""

import re
from typing import Final

LONG: Final = 1024**2
"""Shorter lines are harmless whatever they contain."""
MAX_VALUES: Final = 1_000_000
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SEPARATORS: Final = (b",", b"{", b"[")
"""There is one comma for each value except the first."""


def has_too_many_values(raw: bytes) -> bool:
    """Whether this JSON contains more values than are decoded."""
    if len(raw) <= LONG or sum(map(raw.count, _SEPARATORS)) <= MAX_VALUES:
        return False
    values = at = 0
    for text in _STRING.finditer(raw):
        values += sum(raw.count(separator, at, text.start()) for separator in _SEPARATORS)
        if values > MAX_VALUES:
            return True
        at = text.end()
    return values + sum(raw.count(separator, at) for separator in _SEPARATORS) > MAX_VALUES
