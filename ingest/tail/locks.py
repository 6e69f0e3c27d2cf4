"""Which threads a Codex process has open right now, as far as Codex tells: it keeps a lock file
for each since 0.150. Only names are looked at; a lock is never opened, let alone taken.
"""

import os

_FOLDER = "thread-writer-locks"
_SUFFIX = ".lock"


def locked_threads(home: str | os.PathLike[str]) -> frozenset[str] | None:
    """The ids of threads with a writer; None where this home has no locks at all."""
    try:
        names = os.listdir(os.path.join(os.fspath(home), _FOLDER))
    except OSError:
        return None
    return frozenset(
        name.removesuffix(_SUFFIX)
        for name in names
        if name.endswith(_SUFFIX) and not name.startswith(".")
    )
