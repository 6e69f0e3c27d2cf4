"""Every error of the program that a person may see, in one tree.

TailboardError                  code, message, hint, kind, exit_code
├── CommandError                a command cannot answer (exit code 1)
│   ├── NotFound, FileChanged
│   ├── Ambiguous, Refused, InvalidTime, InvalidPeriod, QueryRefused, SettingsError (exit code 2)
│   └── CodexHomeMissing, ExtraMissing, FolderUnwritable (exit code 3)
├── ProjectError                tasks, journals, state files and their export (exit code 1)
│   └── BadState, MaskingFailed, TargetExists, TargetUnwritable
├── GitFailed
├── TeamError                   the team's store cannot be used (exit code 3)
│   └── StoreUnreachable, StoreRefused
├── SourceError                 one file of Codex
│   └── SourceMissing, SourceUnreadable, SourceSpecial, SourceDamaged, SourceTooLarge, SourceIO
├── ProgramFailed               a program that the user configured
│   └── ProgramMissing, ProgramTooSlow, ProgramOutputTooLarge, ProgramStopped, InvalidAnswer
├── DatabaseError               the database cannot be used (exit code 3)
│   ├── Locked, NewerSchema, ForeignFile, DatabaseUnusable, DatabaseReplaced, Damaged, DiskFull
│   ├── Conflict, EngineFailed, StatementFailed, ValueRejected, MemoryLimit, BatchNotClaimed
│   ├── SnapshotRefused, IndexUnusable
│   ├── OwnerGone, OwnerTimeout, OtherVersion, OtherDatabase, OwnerUnreachable
│   ├── Cancelled, QueryTimeout, SnapshotExpired, SocketUnavailable
│   └── ReadOnlyServer, ActionResultLost, ServerError
└── IllegalMove (ingest.batches.state), ReaderDied (ingest.pipeline.reader_pool)

A class exists if its errors are caught by type or raised in several places; other errors are raised
as the base of their family, with a code of their own. Exceptions that one module raises and catches
itself (`LineFault`, `NotLiteral`) stay there. Imports nothing else: every layer may import it.
Longer than 400 lines so that the tree and its classes are one file.
"""

from enum import StrEnum
from pathlib import Path

from ingest.exit_codes import Exit


class ErrorClass(StrEnum):
    """How the queue treats a batch that failed."""

    TRANSIENT = "transient"
    """Another attempt may succeed."""
    DATA = "data"
    """This input will fail every time; the rest of the batch need not."""
    CONFIG = "config"
    """A person has to change something before any batch can succeed."""
    RESOURCE = "resource"
    """The machine lacks what every batch needs (disk); work continues once it is back."""
    POISON = "poison"
    """A process that worked on nothing else died while it worked on this."""
    INTERRUPTED = "interrupted"
    """The process ended while it worked on this, possibly for another reason."""
    CANCELLED = "cancelled"
    """Nothing failed: it was asked to stop."""


class TailboardError(Exception):
    """An error with a message for people and a hint what to do."""

    code: str = "error"
    kind: ErrorClass = ErrorClass.TRANSIENT
    hint: str = ""
    exit_code: Exit = Exit.ATTENTION

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        code: str | None = None,
        kind: ErrorClass | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.hint if hint is None else hint
        self.code = code or self.code
        self.kind = kind or self.kind


def reason(error: BaseException) -> str:
    """Why an operation failed, in the words of the operating system if it has any."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


# ── commands ────────────────────────────────────────────────────────────────────────────────────


class CommandError(TailboardError):
    code = "command"


class NotFound(CommandError):
    code = "not_found"


class FileChanged(CommandError):
    code = "changed"


class Ambiguous(CommandError):
    code = "ambiguous"
    exit_code = Exit.USAGE


class Refused(CommandError):
    code = "refused"
    exit_code = Exit.USAGE


class InvalidTime(CommandError):
    code = "time"
    exit_code = Exit.USAGE


class InvalidPeriod(CommandError):
    code = "period"
    exit_code = Exit.USAGE


class QueryRefused(CommandError):
    """The query is not allowed, or the engine cannot run it."""

    code = "query"
    exit_code = Exit.USAGE


class SettingsError(CommandError):
    code = "settings"
    hint = "Correct it with `tailboard config edit`."
    exit_code = Exit.USAGE


class CodexHomeMissing(CommandError):
    code = "no_home"
    exit_code = Exit.UNUSABLE


class CodexDatabaseUnread(CommandError):
    code = "codex_database"
    exit_code = Exit.UNUSABLE
    hint = "Try again later. A newer Tailboard may understand it; `tailboard doctor` checks it."


class ExtraMissing(CommandError):
    """An optional part of the program is not installed."""

    code = "extra_missing"
    exit_code = Exit.UNUSABLE

    def __init__(self, what: str, part: str) -> None:
        super().__init__(
            f"{what} the optional part `{part}`.",
            f"Install it: pipx install --force '.[{part}]' where you installed Tailboard from.",
        )


class FolderUnwritable(CommandError):
    code = "unwritable"
    exit_code = Exit.UNUSABLE


# ── projects ────────────────────────────────────────────────────────────────────────────────────


class ProjectError(TailboardError):
    code = "problem"


class BadState(ProjectError):
    code = "state.bad"


class MaskingFailed(ProjectError):
    """Masking secrets failed, so nothing may be exported."""

    code = "outgoing.not_masked"
    hint = "Please report it; no text is exported without having been scanned."


class TargetExists(ProjectError):
    """The target exists or is no regular file."""

    code = "outgoing.in_the_way"
    hint = "Choose another path."

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"Nothing was written: {path} is {what}.")


class TargetUnwritable(ProjectError):
    code = "outgoing.unwritable"
    hint = "Choose a writable folder with enough free space."

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be written: {error.strerror or type(error).__name__}.")


class GitFailed(TailboardError):
    code = "git"

    def __init__(self, message: str, *, repository: bool = True, silent: bool = False) -> None:
        super().__init__(message)
        self.repository = repository
        """Whether the folder is a repository."""
        self.silent = silent
        """Whether the call timed out."""


# ── a team's store ──────────────────────────────────────────────────────────────────────────────


class TeamError(TailboardError):
    code = "team"
    exit_code = Exit.UNUSABLE


class StoreUnreachable(TeamError):
    """The server is away, or ended the connection."""

    code = "team.unreachable"
    hint = "It is tried again automatically. `tailboard team status` shows how it stands."


class StoreRefused(TeamError):
    """A person has to change something: a password, a role, a schema."""

    code = "team.refused"
    kind = ErrorClass.DATA


# ── files of Codex ──────────────────────────────────────────────────────────────────────────────


class SourceError(TailboardError):
    code = "source"

    def __init__(self, path: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.path = path
        # All of them, so that a copy in another process is complete.
        self.args = (path, message, hint)

    def __str__(self) -> str:
        return self.message


class SourceMissing(SourceError):
    code = "missing"


class SourceUnreadable(SourceError):
    code = "unreadable"


class SourceSpecial(SourceError):
    """A pipe, socket, device, folder or symbolic link under the name of a source."""

    code = "special"
    kind = ErrorClass.DATA


class SourceDamaged(SourceError):
    """A compressed file that ends too early or cannot be decoded."""

    code = "damaged"


class SourceTooLarge(SourceError):
    """A compressed file that would become far larger than any log; it is not unpacked."""

    code = "too_large"
    kind = ErrorClass.DATA


class SourceIO(SourceError):
    code = "io"


# ── programs that the user configured ───────────────────────────────────────────────────────────


class ProgramFailed(TailboardError):
    code = "observe.failed"
    hint = "Run the command by hand. `tailboard roles list` and `config show` name it."

    def __init__(self, message: str, *, output: bytes = b"") -> None:
        super().__init__(message)
        self.output = output
        """What it had printed on standard output."""


class ProgramMissing(ProgramFailed):
    code = "observe.missing"
    hint = "Correct the command of the role with `tailboard config edit`, or install the program."


class ProgramTooSlow(ProgramFailed):
    code = "observe.too_slow"
    hint = "Raise `timeout_seconds` of the role, or make the command faster."


class ProgramOutputTooLarge(ProgramFailed):
    code = "observe.too_much"
    hint = "Raise `output_bytes` of the role, or make the command print less."


class ProgramStopped(ProgramFailed):
    code = "observe.stopped"
    kind = ErrorClass.CANCELLED
    hint = "It is retried the next time Tailboard runs."


class InvalidAnswer(ProgramFailed):
    code = "observe.garbage"
    hint = "It must print JSON of the schema that `tailboard roles show NAME` prints, alone."


class MeaningUnavailable(TailboardError):
    code = "search.meaning"
    hint = "Words are searched all the same."


class UnknownRole(TailboardError):
    code = "observe.unknown"
    kind = ErrorClass.DATA
    hint = "`tailboard roles list` shows the roles. Restart a running Tailboard after a change."


# ── the database ────────────────────────────────────────────────────────────────────────────────


class DatabaseError(TailboardError):
    code = "store"
    exit_code = Exit.UNUSABLE


class Locked(DatabaseError):
    """Another process has the database open for writing."""

    code = "store.locked"
    kind = ErrorClass.RESOURCE
    hint = "Close that program, or wait for it; or use another database with --db PATH."

    def __init__(self, path: Path, pid: int | None, program: str | None) -> None:
        process = f"process {pid}" if pid else "another program"
        named = f" ({program})" if program else ""
        super().__init__(f"The database {path} is open in {process}{named}.")
        self.pid = pid


class IndexUnusable(DatabaseError):
    """The search index is missing, damaged or locked; it is built again from the database."""

    code = "search.index"
    hint = "`tailboard rebuild search` builds it again."

    def __init__(self, detail: str) -> None:
        super().__init__(f"The search index cannot be used: {detail}")


class NewerSchema(DatabaseError):
    """The database was written by a newer Tailboard (or a newer DuckDB)."""

    code = "store.newer"
    kind = ErrorClass.CONFIG
    hint = "Update Tailboard, or use another database with --db PATH. Nothing was changed."

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"The database {path} was written by a newer version: {detail}.")


class ForeignFile(DatabaseError):
    code = "store.foreign"
    kind = ErrorClass.CONFIG
    hint = "Use another path with --db PATH, or move the file away. Nothing was changed."

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is not a Tailboard database: {what}.")


class DatabaseUnusable(DatabaseError):
    """The folder or file cannot be written."""

    code = "store.unusable"
    kind = ErrorClass.CONFIG
    hint = "Check the permissions of the folder, or use another path with --db PATH."

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(f"The database {path} cannot be written: {reason(error)}.")


class DatabaseReplaced(DatabaseError):
    """The file was deleted, moved or replaced while it was in use, so writes would be lost."""

    code = "store.replaced"
    kind = ErrorClass.CONFIG
    hint = (
        "Start Tailboard again: it uses the file that is there now, or creates a new one and "
        "reads everything again. Nothing is written until then."
    )


class Damaged(DatabaseError):
    """The file or its log is corrupt; `ingest.db.recovery` repairs it."""

    code = "store.damaged"
    kind = ErrorClass.CONFIG
    hint = "Run `tailboard ingest`: it keeps a copy, saves what it can and reads the rest again."

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"The database {path} is damaged: {detail.rstrip('.')}.")
        self.detail = detail


class DiskFull(DatabaseError):
    """The disk has no space for a commit. Nothing that was committed is lost."""

    code = "store.disk_full"
    kind = ErrorClass.RESOURCE
    hint = (
        "Free some space. A running `ingest --follow` then continues; repeat any other "
        "command. Committed data is safe."
    )

    def __init__(self, path: Path) -> None:
        super().__init__(f"The disk that holds {path} is full.")


class Conflict(DatabaseError):
    """Two transactions changed the same row; this one was rolled back."""

    code = "store.conflict"
    hint = "The change is retried automatically; nothing was stored twice."

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"Two changes of {path} conflict: {detail}.")


class EngineFailed(DatabaseError):
    """The engine closed the file after a fatal error; the next use opens it again."""

    code = "store.gave_up"
    hint = "Committed data is safe, and the file is reopened automatically. Check the disk."


class StatementFailed(DatabaseError):
    """A statement failed and was rolled back."""

    code = "store.failed"
    hint = "It is retried; if it keeps failing, please report it."


class ValueRejected(DatabaseError):
    """A value in Codex's file does not fit its column: a defect of that file and of Tailboard."""

    code = "store.unfit"
    kind = ErrorClass.DATA
    hint = (
        "The lines stay in their file, and everything else is read. Please report it; a newer "
        "version may be able to store them: `tailboard batches retry`."
    )


class MemoryLimit(DatabaseError):
    """A statement ran out of memory while other queries were running."""

    code = "store.crowded"
    hint = "It is retried in a moment, after other queries have ended."


class BatchNotClaimed(DatabaseError):
    """A batch was read that is not in progress any more; the results are discarded."""

    code = "store.not_claimed"
    hint = "Nothing was stored, and nothing was lost. The next ingest reads it again."


class SnapshotRefused(DatabaseError):
    """The copy of the database cannot be written to its target."""

    code = "snapshot.unwritable"
    kind = ErrorClass.CONFIG


# ── the process that has the database open ──────────────────────────────────────────────────────


class OwnerGone(DatabaseError):
    """The owner has ended, or there is none."""

    code = "server.gone"
    kind = ErrorClass.RESOURCE
    hint = "Try again."

    def __init__(self, path: Path) -> None:
        super().__init__(f"The process that had the database {path} open has ended.")


class OwnerTimeout(DatabaseError):
    """The owner does not respond: it is stopped or overloaded."""

    code = "server.unresponsive"
    kind = ErrorClass.RESOURCE
    hint = "If that process is stopped, resume it or end it."

    def __init__(self, path: Path, pid: int | None) -> None:
        process = f"process {pid}" if pid else "another process"
        super().__init__(f"The database {path} is open in {process}, which does not respond.")
        self.pid = pid


class OtherVersion(DatabaseError):
    """The owner runs another version of the program, whose protocol may differ."""

    code = "server.version"
    kind = ErrorClass.CONFIG


class OtherDatabase(DatabaseError):
    """The owner has another file open than the one at this path."""

    code = "server.database"
    kind = ErrorClass.CONFIG


class OwnerUnreachable(DatabaseError):
    """No process has the database open, and it cannot be opened."""

    code = "dashboard.unreachable"
    kind = ErrorClass.RESOURCE


class Cancelled(DatabaseError):
    """The caller cancelled the request."""

    code = "server.cancelled"
    hint = "Try again."


class QueryTimeout(DatabaseError):
    code = "server.too_slow"
    hint = "Select less, or make a copy with `tailboard snapshot` and query that."

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The query was stopped after {seconds:.3g} seconds.")


class SnapshotExpired(DatabaseError):
    code = "server.expired"
    hint = "Try again."

    def __init__(self) -> None:
        super().__init__("The snapshot was held too long and has expired.")


class SocketUnavailable(DatabaseError):
    """No socket can be created, so other processes cannot read; everything else works."""

    code = "server.no_socket"
    kind = ErrorClass.CONFIG
    hint = (
        "If the disk is full, free some space. Otherwise use a database on a file system with "
        "sockets and with a shorter path: --db PATH."
    )

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Other processes cannot read {path} now: {reason(error)}.")


class ReadOnlyServer(DatabaseError):
    """The owner does not execute actions of other processes."""

    code = "server.read_only"
    hint = "It will end automatically; try again then."


class ActionResultLost(DatabaseError):
    """The owner carried out an action and ended before it reported what came of it."""

    code = "actions.result_lost"
    hint = "Do not repeat it. `tailboard status` shows the present state."
    exit_code = Exit.ATTENTION

    def __init__(self) -> None:
        super().__init__("The action was carried out, but its result was lost with its process.")


class ServerError(DatabaseError):
    """The owner returned an error that has no class of its own."""


def from_code(code: str, message: str, hint: str, kind: str) -> TailboardError:
    """Return an error of the class with this code, as the owner raised it."""
    error_class = _with_code(TailboardError, code) or ServerError
    error = error_class.__new__(error_class)
    TailboardError.__init__(error, message, hint, code=code, kind=ErrorClass(kind))
    return error


def _with_code(family: type[TailboardError], code: str) -> type[TailboardError] | None:
    if family.code == code:
        return family
    matches = (_with_code(member, code) for member in family.__subclasses__())
    return next((member for member in matches if member is not None), None)
