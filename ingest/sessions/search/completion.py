"""Completes the last word of a search query: filter names and their stored values.

`completions` is pure; `load_filter_values` loads the values once.
"""

from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.sessions.search.query import FILTERS, KINDS

_STATUSES: Final = (
    "completed", "failed", "running", "pending", "in_progress", "declined", "aborted", "lost",
)  # fmt: skip
_TIMES: Final = ("1h", "24h", "7d", "30d", "today", "yesterday")
_FIXED: Final = {
    "kind": tuple(KINDS),
    "status": _STATUSES,
    "since": _TIMES,
    "until": _TIMES,
    "has": ("error",),
    "at": ("here",),
}


class FilterValues(Struct, frozen=True):
    """The stored values of each filter."""

    of: dict[str, tuple[str, ...]] = {}


def load_filter_values(access: NamedQueries) -> FilterValues:
    found: dict[str, list[str]] = {}
    for row in access.rows("search.values"):
        found.setdefault(row["name"], []).append(row["value"])
    return FilterValues({name: tuple(those) for name, those in found.items()})


def completions(text: str, known: FilterValues) -> list[str]:
    """Completions of the last word of the text."""
    word = text.rpartition(" ")[2].lower()
    if not word or text.count('"') % 2:
        return []
    name, colon, begun = word.partition(":")
    if not colon:
        return [f"{one}:" for one in FILTERS if one.startswith(word)]
    there = _FIXED.get(name) or known.of.get(name, ())
    return [
        f"{name}:{_quoted(value)}" for value in there
        if value.lower().startswith(begun) and value.lower() != begun
    ]  # fmt: skip


def filter_words(prefix: str) -> list[tuple[str, str]]:
    """What a shell offers for a word of a query, each with what it is: the names of filters, and
    their values as far as these are the same everywhere."""
    found: list[tuple[str, str]] = []
    for name, about in FILTERS.items():
        values = [f"{name}:{value}" for value in _FIXED.get(name, ())]
        # A filter with one value is offered whole: bash takes what follows a colon as another word.
        words = values if len(values) == 1 or prefix.startswith(f"{name}:") else [f"{name}:"]
        found += [(word, about) for word in words if word.startswith(prefix)]
    return found


def apply_completion(text: str, word: str) -> str:
    """The text with its last word replaced; a complete word is followed by a space."""
    before, blank, _ = text.rpartition(" ")
    return f"{before}{blank}{word}" + ("" if word.endswith(":") else " ")


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
