"""Why something cannot be told or done: a code, a sentence for people, and what helps."""


class Problem(Exception):
    """Something cannot be told or done."""

    code = "problem"
    error_class = "transient"
    """What it means for work of the queue that meets it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FileChanged(Problem):
    """The file is not as it was when it was read."""

    code = "changed"
