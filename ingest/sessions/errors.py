"""Errors for users: a code, a message, and a hint what to do."""


class Problem(Exception):
    code = "problem"
    error_class = "transient"
    """How the queue treats a batch that fails with this error."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FileChanged(Problem):
    """The file changed since it was read."""

    code = "changed"
