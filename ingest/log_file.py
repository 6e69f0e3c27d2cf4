"""The file of the log: a `logging` handler and formatter.

Opened for each entry, because entries are rare and several processes write to the same file. Above
`LARGEST` bytes it is renamed to `tailboard.log.1`, which replaces an older one.
"""

import logging
import os
import time
from pathlib import Path
from typing import Final

from ingest.private_files import open_private
from ingest.text.redact import mask
from ingest.text.sanitize import safe_text

LARGEST: Final = 256 * 1024
ENTRY_CHARS: Final = 16 * 1024
_LINE_CHARS: Final = 500


def logger(path: Path) -> logging.Logger:
    """The logger that writes to this file."""
    tailboard_logger = logging.getLogger("tailboard")
    if not any(
        isinstance(handler, LogFile) and handler.path == path
        for handler in tailboard_logger.handlers
    ):
        tailboard_logger.handlers = [LogFile(path)]
        tailboard_logger.propagate = False
        tailboard_logger.setLevel(logging.INFO)
    return tailboard_logger


class MaskingFormatter(logging.Formatter):
    """An entry without secrets and control characters; all but its first line are indented."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)sZ %(levelname)s [%(process)d] %(message)s", "%Y-%m-%dT%H:%M:%S"
        )

    def format(self, record: logging.LogRecord) -> str:
        lines = safe_text(mask(super().format(record))[:ENTRY_CHARS]).splitlines()
        cut = [line if len(line) <= _LINE_CHARS else line[:_LINE_CHARS] + "…" for line in lines]
        return "\n    ".join(cut)


class LogFile(logging.Handler):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.setFormatter(MaskingFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        entry = (self.format(record) + "\n").encode("utf-8", "replace")
        descriptor = open_private(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.fchmod(descriptor, 0o600)
            # In one write, so that entries of two processes do not mix.
            os.write(descriptor, entry)
            full = os.fstat(descriptor).st_size > LARGEST
        finally:
            os.close(descriptor)
        if full:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
