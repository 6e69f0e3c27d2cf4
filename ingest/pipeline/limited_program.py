"""Runs another program without a shell, with a minimal environment and with limits.

The whole process group is dead when `run` returns, and at most `output_bytes` of its output are
held in memory. Input and output are bytes; their meaning is up to the caller.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from ingest.errors import (
    ProgramFailed,
    ProgramMissing,
    ProgramOutputTooLarge,
    ProgramStopped,
    ProgramTooSlow,
)

ENVIRONMENT: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR")
"""The environment variables that every program gets."""
_CHUNK: Final = 64 * 1024
_STDERR_CHARS: Final = 500
_STOP_CHECK_EVERY: Final = 0.2
"""Seconds; bounds the time until a stop is noticed."""


class Limits(Struct, frozen=True):
    seconds: float
    output_bytes: int


def run(
    command: Sequence[str],
    limits: Limits,
    folder: Path,
    env: Mapping[str, str],
    data: bytes,
    stopped: Callable[[], bool],
    variables: Sequence[str] = (),
) -> bytes:
    """Run the program with `data` on standard input; returns its standard output. It gets these
    environment variables besides the usual ones."""
    # A file, not a pipe: writing it never blocks. It has no name, so it cannot be left behind.
    with tempfile.TemporaryFile(dir=folder) as source:
        source.write(data)
        source.seek(0)
        try:
            process = subprocess.Popen(
                list(command),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: env[name] for name in (*ENVIRONMENT, *variables) if name in env},
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ProgramMissing(f"{command[0]} cannot be started: {error}") from error
    until = time.monotonic() + limits.seconds
    try:
        answer, stderr = _read_output(process, limits, until, stopped)
        code = _wait(process, limits, until)
    finally:
        _kill(process)
    if code != 0:
        how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
        raise ProgramFailed(f"{command[0]} {how}. {stderr}".strip(), output=answer)
    return answer


def _read_output(
    process: subprocess.Popen[bytes], limits: Limits, until: float, stopped: Callable[[], bool]
) -> tuple[bytes, str]:
    """Standard output, and the end of standard error, read until both are closed."""
    answer, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, into in ((process.stdout, answer), (process.stderr, stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, into)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise ProgramTooSlow(f"It was still running after {limits.seconds:g} seconds.")
            if stopped():
                raise ProgramStopped("It was stopped.")
            for key, _ in selector.select(min(left, _STOP_CHECK_EVERY)):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data is answer:
                    answer += data
                    if len(answer) > limits.output_bytes:
                        raise ProgramOutputTooLarge(
                            f"It printed more than {limits.output_bytes:,} bytes."
                        )
                else:
                    # Only the end is shown, so only the end is kept.
                    stderr[:] = (stderr + data)[-4 * _STDERR_CHARS :]
    return bytes(answer), stderr.decode("utf-8", "replace")[-_STDERR_CHARS:].strip()


def _wait(process: subprocess.Popen[bytes], limits: Limits, until: float) -> int:
    try:
        return process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ProgramTooSlow(f"It was still running after {limits.seconds:g} seconds.") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Also after a normal exit: it may have left child processes running.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for stream in streams:
        if stream is not None:
            stream.close()
