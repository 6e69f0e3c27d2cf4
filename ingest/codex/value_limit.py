"""Lines that would take many times their length in memory: those of a great many small values.

A value of three bytes takes some seventy once it is unpacked, so that a line under the cap could
ask for gigabytes. Most long lines are long texts, which are not meant here.
"""

import re
from typing import Final

LONG: Final = 1024**2
"""What is shorter is harmless whatever it holds."""
MAX_VALUES: Final = 1_000_000
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SEPARATORS: Final = (b",", b"{", b"[")
"""There is one of them for each value but the first."""


def has_too_many_values(raw: bytes) -> bool:
    """Whether this JSON holds more values than are unpacked."""
    if len(raw) <= LONG or sum(map(raw.count, _SEPARATORS)) <= MAX_VALUES:
        return False
    values = at = 0
    for text in _STRING.finditer(raw):
        values += sum(raw.count(separator, at, text.start()) for separator in _SEPARATORS)
        if values > MAX_VALUES:
            return True
        at = text.end()
    return values + sum(raw.count(separator, at) for separator in _SEPARATORS) > MAX_VALUES
