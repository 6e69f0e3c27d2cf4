"""Finding the few bad items of a batch by halving, so that all others are kept.

Promises that every item is either part of exactly one piece that went well or set aside with its
failure, strictly from left to right. What a piece's work is, and that a failed one leaves nothing
behind (a transaction), is left to the caller.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ingest.batches.failure import ErrorClass, Failure, classify

T = TypeVar("T")


def isolate(
    items: Sequence[T],
    work: Callable[[Sequence[T]], None],
    set_aside: Callable[[T, Failure], None],
) -> None:
    """Do the work on all items but those that fail with a data error even alone; set these aside.

    Any other failure is raised as it is. What stands left of it is done and stays done, so a
    caller that commits its place with each piece and each item set aside goes on from there.
    """
    pieces = [items] if items else []
    while pieces:
        piece = pieces.pop()
        try:
            work(piece)
        except Exception as exc:
            failure = classify(exc)
            if failure.cls is not ErrorClass.DATA:
                raise
            if len(piece) == 1:
                set_aside(piece[0], failure)
            else:
                middle = len(piece) // 2
                pieces += (piece[middle:], piece[:middle])
