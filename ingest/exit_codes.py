"""The exit codes of the command line.

A module of its own, because `--help` needs it and loads no errors.
"""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    ATTENTION = 1
    """Done, and something needs attention; or nothing was found under a name."""
    USAGE = 2
    UNUSABLE = 3
    """The database or a home cannot be used."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """The reader of the output closed it; the code that a shell would report."""
