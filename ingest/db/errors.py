"""What can go wrong with the database, each with a code, a sentence for people, and a way out."""

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
            f"Migration {name} of {path} is not the one this version knows.",
            "Install the version that wrote it, or move the file away and run "
            "`tailboard ingest`: everything is read again from Codex's files.",
        )


class ForeignFile(StoreError):
    """There is a file in the database's place that is not known to be ours."""

    code = "store.foreign"
    error_class = "config"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path} is not a database of Tailboard: {what}.",
            "Use another place with --db PATH, or move the file away. Nothing was changed.",
        )


class InTheWay(StoreError):
    """Something else has the name of one of the database's own files."""

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
            "Check the permissions of the folder, or use another place with --db PATH.",
        )


class NoText(StoreError):
    """The engine takes only names that are text."""

    code = "store.name"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        super().__init__(
            f"The path of the database is no text in UTF-8: {shown}.",
            "Use another place with --db PATH. Nothing was changed.",
        )


class Replaced(StoreError):
    """The file was deleted, moved or replaced while it was in use: what is written goes nowhere."""

    code = "store.replaced"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The database {path} was deleted, moved or replaced while it was in use.",
            "Start Tailboard again: it uses the file that is there now, or makes a new one and "
            "reads everything again. Nothing more is written until then.",
        )


class DiskFull(StoreError):
    """There is no room for a commit. Nothing that was committed is lost."""

    code = "store.disk_full"
    error_class = "resource"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The disk that holds {path} is full.",
            "Make room; ingest then goes on by itself. What was committed is safe.",
        )


class Conflict(StoreError):
    """Two transactions changed the same row; the one that is told so left nothing behind."""

    code = "store.conflict"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"Two changes of {path} met: {detail}.",
            "It is tried again by itself; nothing was stored twice.",
        )


class EngineGaveUp(StoreError):
    """The engine ended its work with the file; it was opened again, or will be at the next use."""

    code = "store.gave_up"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The engine of the database {path} gave up: {detail}.",
            "What was committed is safe; it is opened again by itself. Check the disk.",
        )


class Failed(StoreError):
    """The database refused a statement or could not carry it out; nothing of it is kept."""

    code = "store.failed"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} could not do this: {detail}.",
            "It is tried again; if it stays so, please report it.",
        )


class ValueRejected(StoreError):
    """What was read cannot be stored: the fault of the file it comes from, and of ours."""

    code = "store.unfit"
    error_class = "data"

    def __init__(self) -> None:
        # Not the engine's words: they quote what was read.
        super().__init__(
            "A value in these lines does not fit where it is to be stored.",
            "The lines stay where they are, and all else is read. Please report it; a newer "
            "version may take them: `tailboard batches retry`.",
        )


class MemoryLimit(StoreError):
    """The engine had no memory left for a statement, beside what others were asking."""

    code = "store.crowded"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} had no room in memory for this just now: {detail}.",
            "It is tried again in a moment, when what others ask is answered.",
        )


class ForkedProcess(StoreError):
    """A forked child used its parent's database: what it writes would be lost without a word."""

    code = "store.forked"
    error_class = "config"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The database {path} was opened by the parent of this process.",
            "Start a process of its own instead of forking, and let it ask the owner.",
        )


class LostLease(StoreError):
    """A batch was finished by somebody whose lease had ended: nothing of it is kept."""

    code = "store.lost_lease"

    def __init__(self, batches: list[str]) -> None:
        listed = ", ".join(batches[:5])
        super().__init__(
            f"Batches {listed} are no longer held by this worker.",
            "They are worked on by somebody else; nothing was stored twice.",
        )


class Damaged(StoreError):
    """The file or its log holds what nobody wrote; `recovery.py` knows what to do."""

    code = "store.damaged"
    error_class = "config"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The database {path} is damaged: {detail.rstrip('.')}.",
            "Run `tailboard ingest`: it keeps a copy, saves what it can and reads the rest again.",
        )
        self.detail = detail
