"""The threads that a Codex process has open, by its lock files (Codex 0.150 and later).

Only the names of lock files are read; they are never opened or locked.
"""

import os

_FOLDER = "thread-writer-locks"
_SUFFIX = ".lock"


def locked_threads(home: str | os.PathLike[str]) -> frozenset[str] | None:
    """The ids of threads with a writer; None if the home has no lock folder."""
    try:
        names = os.listdir(os.path.join(os.fspath(home), _FOLDER))
    except OSError:
        return None
    return frozenset(
        name.removesuffix(_SUFFIX)
        for name in names
        if name.endswith(_SUFFIX) and not name.startswith(".")
    )
