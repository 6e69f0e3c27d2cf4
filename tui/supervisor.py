"""Keeps somebody at the door: a process that has the database open, for this one to ask.

Promises that there is an owner soon after the last one ended, whoever that was: where nobody
answers, one is started as a child, which ends with this process. Its words never reach the
terminal; where it cannot start they are the `Trouble` that is told. Knows no screen.
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
"""After which a door that could not be opened is tried again by itself."""
LOST_SECONDS: Final = 15.0
"""How long a question waits for the next owner."""
_STEP: Final = 0.01
_LEAVE_SECONDS: Final = 2.0
_WORDS: Final = 8 * 1024


class SupervisorProblem(Struct, frozen=True):
    """Why there is no owner, and none can be started."""

    message: str
    hint: str


class OwnerConnected(Struct, frozen=True):
    """Somebody answers at the door; another one than before."""


class DataChanged(Struct, frozen=True):
    """Something was committed."""


class OwnerDisconnected(Struct, frozen=True):
    """The owner has ended; another one comes."""


class OwnerMessage(Struct, frozen=True):
    """How the database was opened, where that was out of the ordinary."""

    text: str


News = OwnerConnected | DataChanged | OwnerDisconnected | OwnerMessage | SupervisorProblem


def command(settings: Settings) -> list[str]:
    """What starts an owner that ends with us. The rest of the settings it finds where we did."""
    homes = [word for home in settings.codex_homes for word in ("--codex-home", str(home))]
    start = [*PYTHON, "-m", "ingest", "ingest", "--for-dashboard"]
    return [*start, "--db", str(settings.db), *homes]


class Supervisor:
    """`start` it, ask through `remote`, `close` it. `owner` is the command that starts one."""

    def __init__(self, path: Path, owner: Sequence[str] = ()) -> None:
        self.path = path
        self.trouble: SupervisorProblem | None = None
        self._sweep_at: float | None = None
        """When the owner looks at everything next, by the clock that only counts on."""
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
        # At once where nobody can be there: the child then loads while this process loads.
        if self._command and owner_file.read(self.path) is None:
            # Where that fails, the thread tries it again and tells why.
            with log.suppress("Starting the database process", OSError):
                self._spawn()
        self._thread.start()

    def listen(self, tell: Callable[[News], None]) -> None:
        """Have news told from now on, on a thread of ours; first of all how things stand."""
        with self._there:
            self._tell = tell
            news = OwnerConnected() if self._remote else self.trouble
        if news is not None:
            tell(news)

    def remote(self, other: DatabaseClient | None = None) -> DatabaseClient:
        """Whoever answers, and another one than `other`, who has ended. Waits for the next one."""
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
        """Seconds until the owner looks at everything anew; None where it did not say."""
        return None if self._sweep_at is None else max(0.0, self._sweep_at - time.monotonic())

    def give_up(self, thread: int) -> None:
        """Nobody waits any more for what this thread asks."""
        remote = self._remote
        if remote is not None:
            remote.cancel(thread)

    def try_again(self) -> None:
        """Do not wait any longer with the next try."""
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

    # ── on the thread of ours ───────────────────────────────────────────────────────────────────

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
                # Whatever it is: without this thread nobody would keep the owner alive.
                self._lose()
                log.unexpected(error)
                self._report(_unable(error, self.path))

    def _plan_sweep(self, seconds: float | None) -> None:
        self._sweep_at = None if seconds is None else time.monotonic() + seconds

    def _visit(self) -> DatabaseClient:
        """Whoever answers; a child of ours where nobody does."""
        while True:
            silent: OwnerTimeout | None = None
            try:
                return DatabaseClient(self.path)
            except OwnerGone:
                pass  # Then it is for the lock to say whether there is one.
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
            # One that was killed is seen as gone by its door first.
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
        # Whoever listens may be just ending.
        with contextlib.suppress(RuntimeError):
            self._tell(news)

    # ── the child ───────────────────────────────────────────────────────────────────────────────

    def _spawn(self) -> None:
        words = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
                # What is typed at the terminal is for us: it ends when its standard input does.
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
        """Let the child end, wait a little; its exit code, 0 where it goes on for a while."""
        child, self._child = self._child, None
        if child is None:
            return 0
        if child.stdin is not None:
            # It may be gone, with what it was never told.
            with contextlib.suppress(OSError):
                child.stdin.close()
        code = 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(patience)
        # It goes on by itself until it has finished its round; that nobody waits is no mistake.
        child.returncode = code
        if self._words is not None:
            self._words.close()
            self._words = None
        return code


def _unable(error: Exception, path: Path) -> SupervisorProblem:
    """Why this process cannot even look for an owner, or start one."""
    return SupervisorProblem(
        f"The process that is to open {path} cannot be started: {reason(error).rstrip('.')}.",
        "It is tried again by itself. If Tailboard was updated meanwhile, leave with q and start "
        "it again; else run `tailboard doctor`.",
    )


def _trouble(words: str, path: Path) -> SupervisorProblem:
    """The last words of a child: a sentence, and on the next line what to do."""
    sentence, _, hint = words.rpartition("\n")
    if not sentence:
        sentence, hint = hint, ""
    return SupervisorProblem(
        sentence or f"The process that was to open {path} ended without a word.",
        hint or "Run `tailboard doctor`: it looks at what Tailboard depends on.",
    )
