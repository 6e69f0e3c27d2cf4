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

AGAIN_SECONDS: Final = 10.0
"""Seconds after which a failed connection or start is tried again."""
LOST_SECONDS: Final = 15.0
"""How long a query waits for the next owner."""
_STEP: Final = 0.01
_LEAVE_SECONDS: Final = 2.0
_WORDS: Final = 8 * 1024


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


News = OwnerConnected | DataChanged | OwnerDisconnected | OwnerMessage | SupervisorProblem


def command(settings: Settings) -> list[str]:
    """Starts an owner, which ends with this process. It reads the other settings as we do."""
    homes = [word for home in settings.codex_homes for word in ("--codex-home", str(home))]
    start = [*PYTHON, "-m", "ingest", "ingest", "--for-dashboard"]
    return [*start, "--db", str(settings.db), *homes]


class Supervisor:
    """`start`, query through `remote`, `close`. `owner` is the command that starts an owner."""

    def __init__(self, path: Path, owner: Sequence[str] = ()) -> None:
        self.path = path
        self.trouble: SupervisorProblem | None = None
        self._sweep_at: float | None = None
        """Monotonic time of the next sweep of the owner."""
        self._command = list(owner)
        self._tell: Callable[[News], None] = lambda _: None
        self._there = threading.Condition()
        self._remote: DatabaseClient | None = None
        self._again = threading.Event()
        self._closed = False
        self._child: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="caretaker", daemon=True)

    def start(self) -> None:
        # If there is no owner, start one at once, so that both processes load at the same time.
        if self._command and owner_file.read(self.path) is None:
            # If this fails, the thread tries again and reports why.
            with log.suppress("Starting the database process", OSError):
                self._spawn()
        self._thread.start()

    def listen(self, tell: Callable[[News], None]) -> None:
        """Report events to a callback, on the supervisor's thread; first the current state."""
        with self._there:
            self._tell = tell
            news = OwnerConnected() if self._remote else self.trouble
        if news is not None:
            tell(news)

    def remote(self, other: DatabaseClient | None = None) -> DatabaseClient:
        """The client of the current owner. Waits for another one than `other`, which has ended."""
        with self._there:
            self._there.wait_for(
                lambda: (
                    self._closed
                    or self.trouble is not None
                    or (self._remote is not None and self._remote is not other)
                ),
                LOST_SECONDS,
            )
            if self._remote is not None and self._remote is not other and not self._closed:
                return self._remote
            trouble = self.trouble
        if trouble is not None:
            raise OwnerUnreachable(trouble.message, trouble.hint)
        raise OwnerGone(self.path)

    @property
    def sweep_in(self) -> float | None:
        """Seconds until the owner checks all files again; None if unknown."""
        return None if self._sweep_at is None else max(0.0, self._sweep_at - time.monotonic())

    def give_up(self, thread: int) -> None:
        """Cancel the query of this thread: its caller is gone."""
        remote = self._remote
        if remote is not None:
            remote.cancel(thread)

    def try_again(self) -> None:
        """Try again now."""
        self._again.set()

    def close(self) -> None:
        with self._there:
            self._closed = True
            self._tell = lambda _: None
            self._there.notify_all()
        self._again.set()
        if self._remote is not None:
            self._remote.close()
        self._reap(_LEAVE_SECONDS)

    # ── on the supervisor thread ──────────────────────────────────────────────────────────────────

    def _keep(self) -> None:
        while not self._closed:
            try:
                remote = self._visit()
                self._know(remote)
                known: int | None = None
                for commits in remote.watch_commits():
                    self._plan_sweep(commits.sweep_in)
                    if known not in (None, commits.count):
                        self._say(DataChanged())
                    known = commits.count
            except (OwnerGone, OwnerTimeout):
                self._lose()
            except DatabaseError as error:
                self._lose()
                self._report(SupervisorProblem(error.message, error.hint))
            except Exception as error:  # noqa: BLE001
                # Any error: without this thread, no owner would be started any more.
                self._lose()
                log.unexpected(error)
                self._report(_unable(error, self.path))

    def _plan_sweep(self, seconds: float | None) -> None:
        self._sweep_at = None if seconds is None else time.monotonic() + seconds

    def _visit(self) -> DatabaseClient:
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
                words, code = self._stderr_tail(), self._reap(0)
                if code:
                    self._report(_trouble(words, self.path))
            elif silent is not None:
                self._report(SupervisorProblem(silent.message, silent.hint))
            time.sleep(_STEP)

    def _know(self, remote: DatabaseClient) -> None:
        with self._there:
            self._remote, self.trouble = remote, None
            self._there.notify_all()
        self._say(OwnerConnected())
        if self._child is not None and remote.host.pid == self._child.pid:
            words = self._stderr_tail()
            if words:
                self._say(OwnerMessage(words))

    def _lose(self) -> None:
        with self._there:
            lost, self._remote = self._remote, None
        if lost is not None:
            lost.close()
            self._say(OwnerDisconnected())
            # The socket of a killed process closes before the process can be reaped.
            if self._child is not None and lost.host.pid == self._child.pid:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._child.wait(0.5)
                    self._reap(0)

    def _report(self, trouble: SupervisorProblem) -> None:
        with self._there:
            if self._closed:
                return
            self.trouble = trouble
            self._there.notify_all()
        self._say(trouble)
        self._again.wait(AGAIN_SECONDS)
        self._again.clear()

    def _say(self, news: News) -> None:
        # The event loop of the listener may be closing.
        with contextlib.suppress(RuntimeError):
            self._tell(news)

    # ── the child ─────────────────────────────────────────────────────────────────────────────────

    def _spawn(self) -> None:
        words = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
                # Signals of the terminal are for this process. The child ends when its standard
                # input is closed.
                start_new_session=True,
            )
        except BaseException:
            words.close()
            raise
        self._words = words

    def _stderr_tail(self) -> str:
        if self._words is None:
            return ""
        self._words.seek(0)
        return self._words.read(_WORDS).decode("utf-8", "replace").strip()

    def _reap(self, patience: float) -> int:
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
            code = child.wait(patience)
        # It may finish its pass after this process has ended; that is no error.
        child.returncode = code
        if self._words is not None:
            self._words.close()
            self._words = None
        return code


def _unable(error: Exception, path: Path) -> SupervisorProblem:
    """Why this process cannot connect to an owner or start one."""
    return SupervisorProblem(
        f"Cannot start the process that opens {path}: {reason(error).rstrip('.')}.",
        "Tailboard tries again automatically. If it was updated meanwhile, quit with q and start "
        "it again. Otherwise run `tailboard doctor`.",
    )


def _trouble(words: str, path: Path) -> SupervisorProblem:
    """The problem in the output of the child: a sentence, and a hint on the last line."""
    sentence, _, hint = words.rpartition("\n")
    if not sentence:
        sentence, hint = hint, ""
    return SupervisorProblem(
        sentence or f"The process that opens {path} ended without an error message.",
        hint or "Run `tailboard doctor`: it checks what Tailboard depends on.",
    )
