"""Errors of the database, each with a code, a message for people, and a hint what to do."""

from pathlib import Path


class StoreError(Exception):
    """The database cannot be used."""

    code = "store"
    error_class = "transient"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Locked(StoreError):
    """Another process has the database open for writing."""

    code = "store.locked"
    error_class = "resource"

    def __init__(self, path: Path, pid: int | None, program: str | None) -> None:
        who = f"process {pid}" if pid else "another program"
        if program:
            who += f" ({program})"
        super().__init__(
            f"The database {path} is open in {who}.",
            "Close that program, or wait for it; or use another database with --db PATH.",
        )
        self.pid = pid


class NewerSchema(StoreError):
    """The database was written by a newer Tailboard (or a newer DuckDB)."""

    code = "store.newer"
    error_class = "config"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} was written by a newer version: {detail}.",
            "Update Tailboard, or use another database with --db PATH. Nothing was changed.",
        )


class WrongMigration(StoreError):
    """A migration that was applied is not the one this version ships."""

    code = "store.migration"
    error_class = "config"

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(
            f"Migration {name} of {path} differs from the one in this version.",
            "Install the version that wrote it, or move the file away and run "
            "`tailboard ingest`, which reads everything again from Codex's files.",
        )


class ForeignFile(StoreError):
    """The file at the database's path is not a Tailboard database."""

    code = "store.foreign"
    error_class = "config"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path} is not a Tailboard database: {what}.",
            "Use another path with --db PATH, or move the file away. Nothing was changed.",
        )


class NameTaken(StoreError):
    """Something of another kind has the name of one of the database's companion files."""

    code = "store.in_the_way"
    error_class = "config"

    def __init__(self, path: Path, kind: str, what: str) -> None:
        super().__init__(
            f"{path} is {kind}, where the database keeps its {what}.",
            "Move it away and try again, or use another database with --db PATH. "
            "Nothing was changed.",
        )


class DatabaseUnusable(StoreError):
    """The folder or file cannot be written."""

    code = "store.unusable"
    error_class = "config"

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(
            f"The database {path} cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Check the permissions of the folder, or use another path with --db PATH.",
        )


class PathNotUtf8(StoreError):
    """The engine accepts only paths in UTF-8."""

    code = "store.name"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        super().__init__(
            f"The path of the database is not valid UTF-8: {shown}.",
            "Use another path with --db PATH. Nothing was changed.",
        )


class DatabaseReplaced(StoreError):
    """The file was deleted, moved or replaced while it was in use, so writes would be lost."""

    code = "store.replaced"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The database {path} was deleted, moved or replaced while it was in use.",
            "Start Tailboard again: it uses the file that is there now, or creates a new one and "
            "reads everything again. Nothing is written until then.",
        )


class DiskFull(StoreError):
    """The disk has no space for a commit. Nothing that was committed is lost."""

    code = "store.disk_full"
    error_class = "resource"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The disk that holds {path} is full.",
            "Free some space; ingest then continues by itself. Committed data is safe.",
        )


class Conflict(StoreError):
    """Two transactions changed the same row; this one was rolled back."""

    code = "store.conflict"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"Two changes of {path} conflict: {detail}.",
            "The change is retried automatically; nothing was stored twice.",
        )


class EngineFailed(StoreError):
    """The engine closed the file after a fatal error; the next use opens it again."""

    code = "store.gave_up"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The engine of the database {path} failed: {detail}.",
            "Committed data is safe, and the file is reopened automatically. Check the disk.",
        )


class StatementFailed(StoreError):
    """A statement failed and was rolled back."""

    code = "store.failed"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"A statement on the database {path} failed: {detail}.",
            "It is retried; if it keeps failing, please report it.",
        )


class ValueRejected(StoreError):
    """A value in Codex's file does not fit its column: a defect of that file and of Tailboard."""

    code = "store.unfit"
    error_class = "data"

    def __init__(self) -> None:
        # Without the engine's message, which quotes the value.
        super().__init__(
            "A value in these lines does not fit its column.",
            "The lines stay in their file, and everything else is read. Please report it; a newer "
            "version may be able to store them: `tailboard batches retry`.",
        )


class MemoryLimit(StoreError):
    """A statement ran out of memory while other queries were running."""

    code = "store.crowded"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} ran out of memory for this query: {detail}.",
            "It is retried in a moment, after other queries have ended.",
        )


class ForkedProcess(StoreError):
    """A forked child used its parent's database, where its writes would be lost silently."""

    code = "store.forked"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The database {path} was opened by the parent of this process.",
            "Start a new process instead of forking, and let it query the owner.",
        )


class LostLease(StoreError):
    """A batch was finished by a worker whose lease had ended; its results are discarded."""

    code = "store.lost_lease"

    def __init__(self, batches: list[str]) -> None:
        listed = ", ".join(batches[:5])
        super().__init__(
            f"Batches {listed} are no longer held by this worker.",
            "Another worker has them; nothing was stored twice.",
        )


class Damaged(StoreError):
    """The file or its log is corrupt; `recovery.py` repairs it."""

    code = "store.damaged"
    error_class = "config"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} is damaged: {detail.rstrip('.')}.",
            "Run `tailboard ingest`: it keeps a copy, saves what it can and reads the rest again.",
        )
        self.detail = detail
