"""The log of the program: warnings, suppressed errors and unexpected errors, in `tailboard.log`.

The file is beside the database, private (0600), masked and bounded (see `ingest.log_file`). An
error that repeats is written once per process. Logging never raises, and `logging` is imported with
the first entry: most commands write none and would only start more slowly.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.errors import TailboardError

_SHOWN_BYTES: Final = 128 * 1024
"""Only the end of a file is read for display."""
_HEAD: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z ([A-Z]+) \[(\d+)\] (.*)", re.DOTALL
).fullmatch

_file: Path | None = None
_seen: set[tuple[str, ...]] = set()


class LogEntry(Struct, frozen=True):
    time: datetime
    """Naive UTC."""
    level: str
    process: int
    message: str
    """Its first line is a sentence; a traceback may follow."""


def beside(database: Path) -> Path:
    """The log file of a database: `tailboard.log` for `tailboard.duckdb`."""
    return database.with_name(f"{database.name.removesuffix('.duckdb')}.log")


def start(database: Path) -> None:
    """From now on, this process writes to the log of this database. Creates no file."""
    global _file
    if beside(database) != _file:
        _file = beside(database)
        _seen.clear()


def warning(message: str) -> None:
    _write("warning", message, (message,))


def event(message: str) -> None:
    """What a server did; written each time."""
    _append("info", message)


def suppressed(action: str, error: BaseException) -> None:
    """An error after which the program goes on. `action` is what failed: "Reading the state"."""
    name = type(error).__name__
    _write("warning", f"{action} failed: {name}: {_first_line(error)}", (action, name))


@contextlib.contextmanager
def suppress(action: str, *errors: type[BaseException]) -> Iterator[None]:
    """Like `contextlib.suppress`, but logs the error."""
    try:
        yield
    except errors as error:
        suppressed(action, error)


def unexpected(error: BaseException) -> None:
    """An error that is a defect of the program, with its traceback. Errors of `ingest.errors` have
    a message for people, who see it; they are not logged."""
    if isinstance(error, TailboardError):
        return
    import traceback

    trace = traceback.format_tb(error.__traceback__)
    head = f"Unexpected error: {type(error).__name__}: {_first_line(error)}"
    _write("error", "\n".join([head, "".join(trace).rstrip()]), (type(error).__name__, *trace[-1:]))


def entries(database: Path) -> list[LogEntry]:
    """The newest entries, oldest first; none if the file is missing or cannot be read."""
    file = beside(database)
    lines = [line for path in (previous(file), file) for line in _last_lines(path)]
    parsed: list[LogEntry] = []
    for line in lines:
        if head := _HEAD(line):
            time = datetime.fromisoformat(head[1])
            parsed.append(LogEntry(time, head[2].lower(), int(head[3]), head[4]))
        elif parsed:
            last = parsed.pop()
            message = f"{last.message}\n{line}"
            parsed.append(LogEntry(last.time, last.level, last.process, message))
    return parsed


def previous(file: Path) -> Path:
    """The file that a full log is renamed to."""
    return file.with_name(f"{file.name}.1")


def _last_lines(file: Path) -> list[str]:
    from ingest.private_files import open_private

    try:
        with os.fdopen(open_private(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - _SHOWN_BYTES))
            return opened.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else ""


def _write(level: str, message: str, key: tuple[str, ...]) -> None:
    if _file is None or key in _seen:
        return
    _seen.add(key)
    _append(level, message)


def _append(level: str, message: str) -> None:
    if _file is None:
        return
    # Whatever happens here must not end what the program was doing.
    with contextlib.suppress(Exception):
        from ingest.log_file import logger

        getattr(logger(_file), level)("%s", message)
