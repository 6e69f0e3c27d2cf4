"""Another program, run with a leash: no shell, hardly any environment, and a limit on everything.

Promises that what it started is dead when `tell` returns, unless it left its process group, and
that at most `output_bytes` of its answer were ever held. What it is told and what it answers is
for the caller.
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

ENVIRONMENT: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR")
"""All that it sees of our environment."""
_CHUNK: Final = 64 * 1024
_COMPLAINT_CHARS: Final = 500
_STOP_CHECK_EVERY: Final = 0.2
"""So that a stop is noticed soon."""


class Limits(Struct, frozen=True):
    seconds: float
    output_bytes: int


class ProgramFailed(Exception):
    """The program gave no answer that counts."""

    code = "observe.failed"
    error_class = "transient"
    hint = "Try the command by hand; `tailboard config show` says which one it is."


class ProgramMissing(ProgramFailed):
    """The program cannot be started."""

    code = "observe.missing"
    hint = "Correct `command` under `[observe]` with `tailboard config edit`."


class ProgramTooSlow(ProgramFailed):
    """The program was killed at its time limit."""

    code = "observe.too_slow"
    hint = "Give it more time with `observe_timeout_seconds`, or less to do."


class ProgramOutputTooLarge(ProgramFailed):
    """The program was killed because it answered without end."""

    code = "observe.too_much"
    hint = "Allow more with `observe_output_bytes`, or let it say less."


class ProgramStopped(ProgramFailed):
    """It was killed because Tailboard ends."""

    code = "observe.stopped"
    error_class = "cancelled"
    hint = "It is tried again when Tailboard runs again."


def run(
    command: Sequence[str],
    leash: Limits,
    folder: Path,
    env: Mapping[str, str],
    told: bytes,
    stopped: Callable[[], bool],
) -> bytes:
    """Start it, tell it `told` on standard input, and give back what it answers."""
    # A file never blocks, however slowly the program reads. It has no name, so it cannot stay.
    with tempfile.TemporaryFile(dir=folder) as source:
        source.write(told)
        source.seek(0)
        try:
            process = subprocess.Popen(
                list(command),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: env[name] for name in ENVIRONMENT if name in env},
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ProgramMissing(f"{command[0]} cannot be started: {error}") from error
    until = time.monotonic() + leash.seconds
    try:
        answer, complaint = _read_output(process, leash, until, stopped)
        code = _wait(process, leash, until)
    finally:
        _kill(process)
    if code != 0:
        how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
        raise ProgramFailed(f"{command[0]} {how}. {complaint}".strip())
    return answer


def _read_output(
    process: subprocess.Popen[bytes], leash: Limits, until: float, stopped: Callable[[], bool]
) -> tuple[bytes, str]:
    """All that it answers, and the end of what it complains, until it closes both."""
    answer, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, into in ((process.stdout, answer), (process.stderr, complaint)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, into)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise ProgramTooSlow(f"It had not ended after {leash.seconds:g} seconds.")
            if stopped():
                raise ProgramStopped("It was stopped.")
            for key, _ in selector.select(min(left, _STOP_CHECK_EVERY)):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data is answer:
                    answer += data
                    if len(answer) > leash.output_bytes:
                        raise ProgramOutputTooLarge(
                            f"It answered with more than {leash.output_bytes:,} bytes."
                        )
                else:
                    # Only the end of it is ever shown, so only that is kept.
                    complaint[:] = (complaint + data)[-4 * _COMPLAINT_CHARS :]
    return bytes(answer), complaint.decode("utf-8", "replace")[-_COMPLAINT_CHARS:].strip()


def _wait(process: subprocess.Popen[bytes], leash: Limits, until: float) -> int:
    try:
        return process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ProgramTooSlow(f"It had not ended after {leash.seconds:g} seconds.") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Also after it ended by itself: it may have left others behind.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for stream in streams:
        if stream is not None:
            stream.close()
