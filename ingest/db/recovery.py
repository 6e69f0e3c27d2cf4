"""The way in to the database, and the ladder down which a damaged one is brought back.

Copies first, then as little given up as possible: the end of the log, the log, the file. Nothing is
deleted. What is given up is read again from Codex's files, because cursors and facts are committed
together. Only a file that is known to be ours is ever touched.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ingest.db.database import Database, insist_on_text, marked_damaged
from ingest.db.errors import Damaged, DatabaseUnusable, DiskFull, ForeignFile, Locked, StoreError
from ingest.db.file_checks import check_database_files
from ingest.db.probe import probe

Clock = Callable[[], datetime]

_MAGIC = b"DUCK"
_POSITION = re.compile(r"byte position (\d+)")
_AGAIN = "What is missing is read again from Codex's files."


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_database(path: Path, clock: Clock = utc_now) -> tuple[Database, list[str]]:
    """The database, and what a person should be told of how it was opened.

    A file that is not there is made. A damaged one is brought back if it is ours. Everything else
    that stands in the way is a `StoreError`, and leaves the file as it is.
    """
    path = path.absolute()
    insist_on_text(path)
    ours = _is_ours(path)
    _refuse_what_is_not_ours(path)
    told: list[str] = []
    try:
        _make_folder(path)
        with _opening(path) as died:
            if path.exists() and path.stat().st_size == 0:
                # A process that died before its first write, or somebody's `touch`.
                path.unlink()
            if ours and _log(path).exists() and not path.exists():
                told += _set_log_aside(path, clock)
            damage = _suspicion(path, died=died)
            if damage is None:
                try:
                    return Database(path), told
                except Damaged as error:
                    damage = error.detail
            if not ours:
                raise ForeignFile(path, f"it cannot be opened ({damage.rstrip('.')})")
            told += _recover(path, damage, clock)
            return Database(path), told
    except OSError as error:
        raise _explained(path, error) from error


def _recover(path: Path, damage: str, clock: Clock) -> list[str]:
    """Bring a database back that does not open, and tell what was done. Nobody has it open;
    afterwards it opens.
    """
    steps = [f"The database {path.name} was damaged: {damage.rstrip('.')}."]
    kept = _new_folder(path, clock)
    log = _log(path)
    steps += _keep_copies(path, log, kept)
    if log.exists() and path.exists():
        # A log of another file is worth nothing, and none is to blame where its replay is not.
        worth_it = "replaying WAL" in damage and "does not match database" not in damage
        if worth_it and (salvaged := _salvage(path, log, kept, damage)):
            _install(salvaged, log, kept)
            lost = (kept / log.name).stat().st_size - log.stat().st_size
            steps.append(f"All of its log but the last {lost} bytes was saved. {_AGAIN}")
            marked_damaged(path).unlink(missing_ok=True)
            return steps
        _move(log, kept)
        if probe(path, scan=True) is None:
            steps.append(f"Its log could not be used and was set aside. {_AGAIN}")
            marked_damaged(path).unlink(missing_ok=True)
            return steps
    for file in (path, log):
        if file.exists():
            _move(file, kept)
    marked_damaged(path).unlink(missing_ok=True)
    steps.append(
        f"The file was set aside and a new one begun. All is read again from Codex's files; "
        f"the damaged one is in {kept}."
    )
    return steps


def _set_log_aside(path: Path, clock: Clock) -> list[str]:
    """A log whose database is gone belongs to nothing; the engine would drop it without a word."""
    kept = _new_folder(path, clock)
    _move(_log(path), kept)
    return [
        (
            f"The database {path.name} is gone, and only its log was left; it is kept in {kept}. "
            f"A new one was begun. {_AGAIN}"
        )
    ]


def _suspicion(path: Path, *, died: bool) -> str | None:
    """What is wrong, found out in another process; asked only where the last use ended badly."""
    if not path.exists():
        return None
    if marked_damaged(path).exists():
        damage = probe(path, scan=True)
        if damage is None:
            marked_damaged(path).unlink(missing_ok=True)
        return damage
    if died:
        damage = probe(path)
        # Only what ends a process is kept away from this one. The rest it can be told itself.
        return damage if damage is not None and damage.startswith("Opening it ended") else None
    return None


@contextlib.contextmanager
def _opening(path: Path) -> Iterator[bool]:
    """Hold the note that says somebody is opening; whether one was left behind by a death.

    The lock on the note is what counts, not its being there: it also keeps two processes from
    repairing the same file.
    """
    note = path.with_name(path.name + ".opening")
    try:
        descriptor, left = _take(path, note)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # A full disk is no reason not to look at what is there.
        yield False
        return
    try:
        yield left
    except BaseException:
        note.unlink(missing_ok=True)
        raise
    else:
        note.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _take(path: Path, note: Path) -> tuple[int, bool]:
    while True:
        left = note.exists()
        descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 20, 0).decode("ascii", "replace")
            os.close(descriptor)
            raise Locked(path, int(pid) if pid.isdigit() else None, None) from None
        here, there = os.fstat(descriptor), _stat(note)
        if there is not None and (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
            # Only for the message to others: on a full disk they do not learn who it is.
            with contextlib.suppress(OSError):
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor, left
        os.close(descriptor)  # Its holder finished just now and removed it.


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _refuse_what_is_not_ours(path: Path) -> None:
    check_database_files(path)
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except (FileNotFoundError, NotADirectoryError):
        return  # The folder is made, or named as what is wrong, in a moment.
    except OSError as error:
        raise DatabaseUnusable(path, error) from error
    if start and not _is_ours(path) and start[8:] != _MAGIC:
        raise ForeignFile(path, "it is a file of another kind")


def _is_ours(path: Path) -> bool:
    """Whether a database of ours was ever opened here: only then may the file be moved."""
    return path.with_name(path.name + ".spool").is_dir()


def _log(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _make_folder(path: Path) -> None:
    os.umask(0o077)
    path.parent.mkdir(parents=True, exist_ok=True)


def _new_folder(path: Path, clock: Clock) -> Path:
    os.umask(0o077)
    above = path.with_name(path.name + ".recovery")
    above.mkdir(exist_ok=True)
    stamp = f"{clock():%Y%m%dT%H%M%SZ}"
    for number in range(1, 1_000):
        folder = above / (stamp if number == 1 else f"{stamp}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(above))


def _keep_copies(path: Path, log: Path, kept: Path) -> list[str]:
    """Copy both files aside before anything is tried; without the room for it, go on and say so."""
    for file in (log, path):
        if file.exists():
            try:
                _copy(file, kept / file.name)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                (kept / file.name).unlink(missing_ok=True)
                return [f"There was no room to copy {file.name} aside; it is moved if need be."]
    return [f"Copies of it are kept in {kept}."]


def _copy(file: Path, to: Path) -> None:
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with file.open("rb") as old, os.fdopen(descriptor, "wb") as new:
        shutil.copyfileobj(old, new, 1024 * 1024)
        new.flush()
        os.fsync(new.fileno())


def _move(file: Path, kept: Path) -> None:
    """Into the folder, in place of its copy: a rename, so that it needs no room."""
    file.replace(kept / file.name)


def _salvage(path: Path, log: Path, kept: Path, damage: str) -> Path | None:
    """The longest beginning of the log with which the database opens; tried without changing it."""
    trial = kept / "trial"
    trial.mkdir()
    candidate = _log(trial / path.name)
    try:
        # A second name of the file, so that the engine looks for the log of our choice. It is
        # opened for reading only: replaying a log then happens in memory.
        (trial / path.name).hardlink_to(path)
        _copy(log, candidate)
        if not _cut_until_it_opens(trial / path.name, candidate, damage):
            return None
        return candidate.replace(kept / f"{log.name}.salvaged")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EPERM, errno.ENOTSUP):
            return None  # No room or no links here: the log is given up as a whole.
        raise
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _cut_until_it_opens(twin: Path, log: Path, damage: str) -> bool:
    """A torn last entry is left out by the engine itself, so any cut before the damage will do."""
    whole = log.read_bytes()
    opens, fails = 0, len(whole)
    named = _POSITION.search(damage)
    cut = int(named[1]) if named else fails // 2
    while opens < fails - 1:
        if not opens < cut < fails:
            cut = (opens + fails) // 2
        log.write_bytes(whole[:cut])
        wrong = probe(twin)
        if wrong is None:
            opens = cut
            if named and cut == int(named[1]):
                break  # The engine said itself that what follows is damaged.
        else:
            fails = cut
        cut = (opens + fails) // 2
    log.write_bytes(whole[:opens])
    return opens > 0 and probe(twin, scan=True) is None


def _install(salvaged: Path, log: Path, kept: Path) -> None:
    if not (kept / log.name).exists():
        _move(log, kept)
    salvaged.replace(log)


def _explained(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path)
    return DatabaseUnusable(path, error)
