"""Asks the process that turns texts into vectors; starts it when it is needed."""

import os
import select
import struct
import subprocess
import threading
import time
from array import array
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Final

import msgspec

from ingest.errors import MeaningUnavailable
from ingest.interpreter import PYTHON

DIMENSIONS: Final = 256
CHARS: Final = 2_000
"""Characters of a text that count."""
_TIMEOUT_SECONDS: Final = 60.0
_HEAD: Final = struct.Struct("!I")
_PARTS: Final = ("wordllama", "tokenizers", "safetensors", "numpy")

NOT_INSTALLED: Final = (
    "Similar texts are not searched: the optional part `vectors` is not installed. Install it: "
    "pipx install --force '.[vectors]' where you installed Tailboard from."
)

Vector = list[float]


def is_installed() -> bool:
    return all(find_spec(part) is not None for part in _PARTS)


@cache
def generation() -> str:
    """Of the vectors: those of another model, or made in another way, are not comparable."""
    # Imported here: slow, and only needed where this is on.
    from importlib.metadata import version

    return f"wordllama {version('wordllama')} l2_supercat_256/1"


@cache
def embedder_for(wanted: bool) -> "Embedder | None":
    """The embedder of this process; None unless `search_semantic` is on and the part installed."""
    return Embedder() if wanted and is_installed() else None


class Embedder:
    """Any thread may use it; one at a time is answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of the texts. Raises `MeaningUnavailable`."""
        request = msgspec.msgpack.encode([text[:CHARS] for text in texts])
        with self._lock:
            try:
                answer = self._ask(request)
            except (OSError, EOFError):
                # It may have ended just now, because it was not needed.
                self._end()
                try:
                    answer = self._ask(request)
                except (OSError, EOFError) as error:
                    self._end()
                    why = "the process of the model ended"
                    raise MeaningUnavailable(f"Similar texts were not searched: {why}.") from error
        numbers = array("f", answer).tolist()
        return [numbers[at : at + DIMENSIONS] for at in range(0, len(numbers), DIMENSIONS)]

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, request: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [*PYTHON, "-m", "ingest.sessions.search.embedder_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        stdin.write(_HEAD.pack(len(request)) + request)
        stdin.flush()
        until = time.monotonic() + _TIMEOUT_SECONDS
        size = _HEAD.unpack(_read(stdout.fileno(), _HEAD.size, until))[0]
        return _read(stdout.fileno(), size, until)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _read(file: int, size: int, until: float) -> bytes:
    data = b""
    while len(data) < size:
        if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
            raise EOFError
        part = os.read(file, size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
