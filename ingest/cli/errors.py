"""Why a command cannot answer: a sentence, what to do, and the exit code that goes with it."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, each once."""

    DONE = 0
    ATTENTION = 1
    """Done, and something needs attention; or nothing was found under a name."""
    USAGE = 2
    UNUSABLE = 3
    """The database or a home cannot be used."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """Whoever read the output has left; as a shell would say it."""


class CommandError(Exception):
    """A command cannot answer."""

    code = "command"
    exit_code = Exit.ATTENTION

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotFound(CommandError):
    """Nothing goes by this name."""

    code = "not_found"


class Ambiguous(CommandError):
    """More than one thing goes by this name."""

    code = "ambiguous"
    exit_code = Exit.USAGE


class Refused(CommandError):
    """This is not what the command is for."""

    code = "refused"
    exit_code = Exit.USAGE


class CodexHomeMissing(CommandError):
    """There is no Codex home to work on."""

    code = "no_home"
    exit_code = Exit.UNUSABLE
