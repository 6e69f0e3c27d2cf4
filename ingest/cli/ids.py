"""Ids as people write them: the beginning of one will do, where nothing else begins so."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ingest.errors import Ambiguous, NotFound
from ingest.text.units import pluralize

T = TypeVar("T")
_LISTED: Final = 8


def resolve_prefix(
    found: Sequence[T], written: str, noun: str, listed_by: str, shown: Callable[[T], str] = str
) -> T:
    """The one that was found; refuses where that is none, or more than one."""
    if not found:
        raise NotFound(f"No {noun} has an id that begins with {written!r}.", listed_by)
    if len(found) > 1:
        lines = "".join(f"\n  {shown(one)}" for one in found[:_LISTED])
        rest = f"\n  … and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise Ambiguous(
            f"{pluralize(len(found), noun)} have an id that begins with {written!r}:{lines}{rest}",
            "Use a longer prefix.",
        )
    return found[0]
