"""Opens the database, and repairs it if it is damaged.

A repair first copies the files, then discards as little as possible: the end of the log, the whole
log, or the whole file. Discarded files are kept in a folder. Cursors and facts are committed
together, so ingest reads what is missing again from Codex's files. Only a file that is known to be
a Tailboard database is ever changed.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from ingest.db.database import Database, check_path_encoding, damage_marker
from ingest.db.engine_errors import explain
from ingest.db.file_checks import check_database_files
from ingest.db.probe import CRASHED, probe
from ingest.errors import Damaged, DatabaseUnusable, ForeignFile, Locked
from ingest.log import suppressed
from ingest.private_files import copy, open_private, sync
from ingest.text.times import Clock, utc_now

_MAGIC = b"DUCK"
_POSITION = re.compile(r"byte position (\d+)")
_READ_AGAIN = "What is missing is read again from Codex's files."


def open_database(path: Path, clock: Clock = utc_now) -> tuple[Database, list[str]]:
    """Return the open database, and messages for the user about a repair.

    Creates a missing file, and repairs a damaged one if it is ours. Any other obstacle raises a
    `DatabaseError` and leaves the file unchanged.
    """
    path = path.absolute()
    check_path_encoding(path)
    ours = _is_ours(path)
    _check_not_foreign(path)
    messages: list[str] = []
    try:
        _make_folder(path)
        with _opening_lock(path) as died:
            if path.exists() and path.stat().st_size == 0:
                # A process died before its first write, or somebody used `touch`.
                path.unlink()
            if ours and _log(path).exists() and not path.exists():
                messages += _set_log_aside(path, clock)
            damage = _find_damage(path, died=died)
            if damage is None:
                try:
                    return Database(path), messages
                except Damaged as error:
                    damage = error.detail
            if not ours:
                raise ForeignFile(path, f"it cannot be opened ({damage.rstrip('.')})")
            messages += _recover(path, damage, clock)
            return Database(path), messages
    except OSError as error:
        raise explain(path, error) from error


def _recover(path: Path, damage: str, clock: Clock) -> list[str]:
    """Repair a database that nobody has open; return messages about what was done."""
    messages = [f"The database {path.name} was damaged: {damage.rstrip('.')}."]
    aside = _new_folder(path, clock)
    log = _log(path)
    messages += _keep_copies(path, log, aside)
    if log.exists() and path.exists():
        # Salvage the log only if its replay failed and it belongs to this file.
        can_salvage = "replaying WAL" in damage and "does not match database" not in damage
        if can_salvage and (salvaged := _salvage(path, log, aside, damage)):
            _install(salvaged, log, aside)
            lost = (aside / log.name).stat().st_size - log.stat().st_size
            messages.append(f"All of its log but the last {lost} bytes was saved. {_READ_AGAIN}")
            damage_marker(path).unlink(missing_ok=True)
            return messages
        _move(log, aside)
        if probe(path, scan=True) is None:
            messages.append(f"Its log could not be used and was set aside. {_READ_AGAIN}")
            damage_marker(path).unlink(missing_ok=True)
            return messages
    for file in (path, log):
        if file.exists():
            _move(file, aside)
    damage_marker(path).unlink(missing_ok=True)
    messages.append(
        f"The file was set aside and a new one created. Everything is read again from Codex's "
        f"files; the damaged file is in {aside}."
    )
    return messages


def _set_log_aside(path: Path, clock: Clock) -> list[str]:
    """Move away a log without a database, which the engine would delete silently."""
    aside = _new_folder(path, clock)
    _move(_log(path), aside)
    return [
        (
            f"The database {path.name} is missing and only its log is left; it is kept in {aside}. "
            f"A new database was created. {_READ_AGAIN}"
        )
    ]


def _find_damage(path: Path, *, died: bool) -> str | None:
    """Check the file in a child process, but only if its last use ended abnormally."""
    if not path.exists():
        return None
    if damage_marker(path).exists():
        damage = probe(path, scan=True)
        if damage is None:
            damage_marker(path).unlink(missing_ok=True)
        return damage
    if died:
        damage = probe(path)
        # Only a crash must be kept out of this process; it can handle any other error itself.
        return damage if damage is not None and damage.startswith(CRASHED) else None
    return None


@contextlib.contextmanager
def _opening_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file during opening; True if a process died while it held it.

    The lock on the file counts, not its existence. It also prevents two processes from repairing
    the same database.
    """
    lock = path.with_name(path.name + ".opening")
    try:
        descriptor, existed = _acquire(path, lock)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # On a full disk an existing database can still be opened.
        suppressed("Locking the database while it is opened", error)
        yield False
        return
    try:
        yield existed
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path: Path, lock: Path) -> tuple[int, bool]:
    while True:
        existed = lock.exists()
        descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 20, 0).decode("ascii", "replace")
            os.close(descriptor)
            raise Locked(path, int(pid) if pid.isdigit() else None, None) from None
        opened, current = os.fstat(descriptor), _stat(lock)
        if current is not None and os.path.samestat(opened, current):
            # Used only in the error message of other processes; not available on a full disk.
            with contextlib.suppress(OSError):
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor, existed
        os.close(descriptor)  # Its holder has just finished and removed it.


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _check_not_foreign(path: Path) -> None:
    check_database_files(path)
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except (FileNotFoundError, NotADirectoryError):
        return  # The caller creates the missing folder, or reports why it cannot.
    except OSError as error:
        raise DatabaseUnusable(path, error) from error
    if start and not _is_ours(path) and start[8:] != _MAGIC:
        raise ForeignFile(path, "it is a file of another kind")


def _is_ours(path: Path) -> bool:
    """Whether Tailboard ever opened a database here: only then may the file be moved."""
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


def _keep_copies(path: Path, log: Path, aside: Path) -> list[str]:
    """Copy both files before the repair; on a full disk, continue and report it."""
    for file in (log, path):
        if file.exists():
            try:
                _copy(file, aside / file.name)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                (aside / file.name).unlink(missing_ok=True)
                return [f"There was no space to copy {file.name}; it is moved if necessary."]
    return [f"Copies of it are kept in {aside}."]


def _copy(file: Path, to: Path) -> None:
    copy(file, to, overwrite=True)
    sync(to)


def _move(file: Path, aside: Path) -> None:
    """Move the file over its copy in the folder, with a rename that needs no space."""
    file.replace(aside / file.name)


def _salvage(path: Path, log: Path, aside: Path, damage: str) -> Path | None:
    """Find the longest prefix of the log with which the database opens, without changing either."""
    trial = aside / "trial"
    trial.mkdir()
    candidate = _log(trial / path.name)
    try:
        # With a hard link of another name the engine reads the log of that name. A read-only
        # connection replays the log in memory only.
        (trial / path.name).hardlink_to(path)
        _copy(log, candidate)
        if not _cut_until_it_opens(trial / path.name, candidate, damage):
            return None
        return candidate.replace(aside / f"{log.name}.salvaged")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EPERM, errno.ENOTSUP):
            # Without space or hard links, the whole log is discarded.
            suppressed("Saving the write-ahead log", error)
            return None
        raise
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _cut_until_it_opens(twin: Path, log: Path, damage: str) -> bool:
    """Shorten the log by bisection until the database opens.

    The engine ignores an incomplete last entry, so any cut before the damage works.
    """
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
                break  # The engine reported that the damage begins here.
        else:
            fails = cut
        cut = (opens + fails) // 2
    log.write_bytes(whole[:opens])
    return opens > 0 and probe(twin, scan=True) is None


def _install(salvaged: Path, log: Path, aside: Path) -> None:
    if not (aside / log.name).exists():
        _move(log, aside)
    salvaged.replace(log)
