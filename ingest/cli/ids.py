"""Ids on the command line: a unique prefix is enough."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ingest.errors import Ambiguous, NotFound
from ingest.text.numbers import pluralize

T = TypeVar("T")
_LISTED: Final = 8


def resolve_prefix(
    matches: Sequence[T], written: str, noun: str, listed_by: str, shown: Callable[[T], str] = str
) -> T:
    """Return the only match; raises NotFound or Ambiguous otherwise."""
    if not matches:
        raise NotFound(f"No {noun} has an id that begins with {written!r}.", listed_by)
    if len(matches) > 1:
        lines = "".join(f"\n  {shown(match)}" for match in matches[:_LISTED])
        rest = f"\n  … and {len(matches) - _LISTED} more" if len(matches) > _LISTED else ""
        counted = pluralize(len(matches), noun)
        raise Ambiguous(
            f"{counted} have an id that begins with {written!r}:{lines}{rest}",
            "Use a longer prefix.",
        )
    return matches[0]
