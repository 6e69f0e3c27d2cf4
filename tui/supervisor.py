"""Connects to the owner, the process that has the database open, and starts one if there is none.

Promises that there is an owner soon after the last one ended: if none answers, one is started as a
child, which ends with this process. Its output never reaches the terminal; if it cannot start, its
output becomes the `SupervisorProblem` that is reported. Does not depend on any screen.
"""

import contextlib
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from ingest import log
from ingest.errors import DatabaseError, OwnerGone, OwnerTimeout, OwnerUnreachable, reason
from ingest.interpreter import PYTHON
from ingest.server import owner_file
from ingest.server.client import DatabaseClient
from ingest.settings import Settings

RETRY_SECONDS: Final = 10.0
"""Seconds after which a failed connection or start is tried again."""
OWNER_TIMEOUT: Final = 15.0
"""How long a query waits for the next owner."""
_POLL_SECONDS: Final = 0.01
_EXIT_TIMEOUT: Final = 2.0
_STDERR_BYTES: Final = 8 * 1024


class SupervisorProblem(Struct, frozen=True):
    """Why there is no owner and none can be started."""

    message: str
    hint: str


class OwnerConnected(Struct, frozen=True):
    """Connected to an owner, after the start or after the last one ended."""


class DataChanged(Struct, frozen=True):
    """The owner committed something."""


class OwnerDisconnected(Struct, frozen=True):
    """The owner has ended. Another one is started."""


class OwnerMessage(Struct, frozen=True):
    """What the owner printed when it opened the database, for example about a recovery."""

    text: str


OwnerEvent = OwnerConnected | DataChanged | OwnerDisconnected | OwnerMessage | SupervisorProblem


def command(settings: Settings) -> list[str]:
    """Starts an owner, which ends with this process. It reads the other settings as we do."""
    homes = [word for home in settings.codex_homes for word in ("--codex-home", str(home))]
    start = [*PYTHON, "-m", "ingest", "ingest", "--for-dashboard"]
    return [*start, "--db", str(settings.db), *homes]


class Supervisor:
    """`start`, query through `client`, `close`. `owner` is the command that starts an owner."""

    def __init__(self, path: Path, owner: Sequence[str] = ()) -> None:
        self.path = path
        self.problem: SupervisorProblem | None = None
        self._sweep_at: float | None = None
        """Monotonic time of the next sweep of the owner."""
        self._command = list(owner)
        self._listener: Callable[[OwnerEvent], None] = lambda _: None
        self._changed = threading.Condition()
        self._client: DatabaseClient | None = None
        self._retry_now = threading.Event()
        self._closed = False
        self._child: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        # If there is no owner, start one at once, so that both processes load at the same time.
        if self._command and owner_file.read(self.path) is None:
            # If this fails, the thread tries again and reports why.
            with log.suppress("Starting the database process", OSError):
                self._spawn()
        self._thread.start()

    def listen(self, listener: Callable[[OwnerEvent], None]) -> None:
        """Report events to a callback, on the supervisor's thread; first the current state."""
        with self._changed:
            self._listener = listener
            event = OwnerConnected() if self._client else self.problem
        if event is not None:
            listener(event)

    def client(self, other: DatabaseClient | None = None) -> DatabaseClient:
        """The client of the current owner. Waits for another one than `other`, which has ended."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed
                    or self.problem is not None
                    or (self._client is not None and self._client is not other)
                ),
                OWNER_TIMEOUT,
            )
            if self._client is not None and self._client is not other and not self._closed:
                return self._client
            problem = self.problem
        if problem is not None:
            raise OwnerUnreachable(problem.message, problem.hint)
        raise OwnerGone(self.path)

    @property
    def sweep_in(self) -> float | None:
        """Seconds until the owner checks all files again; None if unknown."""
        return None if self._sweep_at is None else max(0.0, self._sweep_at - time.monotonic())

    def cancel(self, thread: int) -> None:
        """Cancel the query of this thread: its caller is gone."""
        client = self._client
        if client is not None:
            client.cancel(thread)

    def retry(self) -> None:
        """Try again now."""
        self._retry_now.set()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._listener = lambda _: None
            self._changed.notify_all()
        self._retry_now.set()
        if self._client is not None:
            self._client.close()
        self._reap(_EXIT_TIMEOUT)

    # ── on the supervisor thread ──────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while not self._closed:
            try:
                client = self._connect_or_start()
                self._set_client(client)
                known: int | None = None
                for commits in client.watch_commits():
                    self._plan_sweep(commits.sweep_in)
                    if known not in (None, commits.count):
                        self._notify(DataChanged())
                    known = commits.count
            except (OwnerGone, OwnerTimeout):
                self._drop_client()
            except DatabaseError as error:
                self._drop_client()
                self._report(SupervisorProblem(error.message, error.hint))
            except Exception as error:  # noqa: BLE001
                # Any error: without this thread, no owner would be started any more.
                self._drop_client()
                log.unexpected(error)
                self._report(_start_failure(error, self.path))

    def _plan_sweep(self, seconds: float | None) -> None:
        self._sweep_at = None if seconds is None else time.monotonic() + seconds

    def _connect_or_start(self) -> DatabaseClient:
        """The client of the owner; starts an owner if none answers."""
        while True:
            silent: OwnerTimeout | None = None
            try:
                return DatabaseClient(self.path)
            except OwnerGone:
                pass  # No server: the lock decides whether there is an owner.
            except OwnerTimeout as error:
                silent = error
            if self._closed:
                raise OwnerGone(self.path)
            if self._child is None and self._command:
                self._spawn()
            elif self._child is not None and self._child.poll() is not None:
                stderr, code = self._stderr_tail(), self._reap(0)
                if code:
                    self._report(_child_failure(stderr, self.path))
            elif silent is not None:
                self._report(SupervisorProblem(silent.message, silent.hint))
            time.sleep(_POLL_SECONDS)

    def _set_client(self, client: DatabaseClient) -> None:
        with self._changed:
            self._client, self.problem = client, None
            self._changed.notify_all()
        self._notify(OwnerConnected())
        if self._child is not None and client.host.pid == self._child.pid:
            stderr = self._stderr_tail()
            if stderr:
                self._notify(OwnerMessage(stderr))

    def _drop_client(self) -> None:
        with self._changed:
            client, self._client = self._client, None
        if client is not None:
            client.close()
            self._notify(OwnerDisconnected())
            # The socket of a killed process closes before the process can be reaped.
            if self._child is not None and client.host.pid == self._child.pid:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._child.wait(0.5)
                    self._reap(0)

    def _report(self, problem: SupervisorProblem) -> None:
        with self._changed:
            if self._closed:
                return
            self.problem = problem
            self._changed.notify_all()
        self._notify(problem)
        self._retry_now.wait(RETRY_SECONDS)
        self._retry_now.clear()

    def _notify(self, event: OwnerEvent) -> None:
        # The event loop of the listener may be closing.
        with contextlib.suppress(RuntimeError):
            self._listener(event)

    # ── the child ─────────────────────────────────────────────────────────────────────────────────

    def _spawn(self) -> None:
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                # Signals of the terminal are for this process. The child ends when its standard
                # input is closed.
                start_new_session=True,
            )
        except BaseException:
            stderr.close()
            raise
        self._stderr = stderr

    def _stderr_tail(self) -> str:
        if self._stderr is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read(_STDERR_BYTES).decode("utf-8", "replace").strip()

    def _reap(self, timeout: float) -> int:
        """Ask the child to end and wait briefly. Returns its exit code, or 0 if it still runs."""
        child, self._child = self._child, None
        if child is None:
            return 0
        if child.stdin is not None:
            # The child may already be gone.
            with contextlib.suppress(OSError):
                child.stdin.close()
        code = 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(timeout)
        # It may finish its pass after this process has ended; that is no error.
        child.returncode = code
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None
        return code


def _start_failure(error: Exception, path: Path) -> SupervisorProblem:
    """Why this process cannot connect to an owner or start one."""
    return SupervisorProblem(
        f"Cannot start the process that opens {path}: {reason(error).rstrip('.')}.",
        "Tailboard tries again automatically. If it was updated meanwhile, quit with q and start "
        "it again. Otherwise run `tailboard doctor`.",
    )


def _child_failure(stderr: str, path: Path) -> SupervisorProblem:
    """The problem in the output of the child: a sentence, and a hint on the last line."""
    sentence, _, hint = stderr.rpartition("\n")
    if not sentence:
        sentence, hint = hint, ""
    return SupervisorProblem(
        sentence or f"The process that opens {path} ended without an error message.",
        hint or "Run `tailboard doctor`: it checks what Tailboard depends on.",
    )
