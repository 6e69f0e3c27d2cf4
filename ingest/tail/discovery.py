"""Lists the sources of a Codex home: one entry for each logical name.

Never raises, never follows a link inside the home and never opens a file. A file that is moved
during the scan can be missing from it; the caller confirms that with `find`.
"""

import os
import stat
from enum import StrEnum

from msgspec import Struct

from ingest.tail.source import (
    INDEX_FILES,
    Kind,
    Representation,
    Seen,
    SourceName,
    parse,
    seen,
)

SESSIONS = "sessions"
ARCHIVED = "archived_sessions"
_IN_FOLDERS = (Kind.ROLLOUT, Kind.TYPESCRIPT)


class ProblemCode(StrEnum):
    NO_HOME = "no_home"
    NO_SESSIONS = "no_sessions"
    UNREADABLE = "unreadable"
    SPECIAL = "special"
    SYMLINK = "symlink"
    DUPLICATE = "duplicate"


class Problem(Struct, frozen=True):
    """A problem to show to the user. The path can contain any bytes and is never in the message."""

    code: ProblemCode
    path: str
    message: str
    hint: str


class FoundSource(Struct, frozen=True, gc=False):
    name: SourceName
    path: str
    representation: Representation
    archived: bool
    size: int
    mtime_ns: int
    dev: int
    inode: int

    @property
    def seen(self) -> Seen:
        return Seen(self.size, self.mtime_ns, self.dev, self.inode)


class Discovery(Struct, frozen=True):
    found: list[FoundSource]
    problems: list[Problem]


def scan(home: str | os.PathLike[str]) -> Discovery:
    root = os.path.abspath(os.fspath(home))
    if (problem := home_problem(root)) is not None:
        return Discovery([], [problem])
    scan = _Scan()
    scan.index_files(root)
    sessions = os.path.join(root, SESSIONS)
    if os.path.isdir(sessions):
        scan.folders(sessions, archived=False, deep=True)
    else:
        scan.report(ProblemCode.NO_SESSIONS, sessions)
    archive = os.path.join(root, ARCHIVED)
    if os.path.isdir(archive):
        scan.folders(archive, archived=True, deep=False)
    return Discovery(list(scan.best.values()), scan.problems)


def find(home: str | os.PathLike[str], path: str | os.PathLike[str]) -> FoundSource | None:
    """What `scan` would find at this path; a plain file is preferred to its compressed copy.

    Does not search other folders: compare with a known file by `preferred`.
    """
    root = os.path.abspath(os.fspath(home))
    full = os.path.abspath(os.fspath(path))
    if not full.startswith(root.rstrip(os.sep) + os.sep):
        return None
    parts = full[len(root) :].strip(os.sep).split(os.sep)
    parsed = parse(parts[-1])
    if parsed is None or not _belongs(parsed[0].kind, parts):
        return None
    try:
        folder = os.path.join(root, parts[0])
        for part in parts[1:-1]:
            folder = os.path.join(folder, part)
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                return None
        if parsed[1] is Representation.ZST:
            plain = find(home, full.removesuffix(".zst"))
            if plain is not None:
                return plain
        info = os.lstat(full)
    except OSError:
        return None  # Deleted or not permitted by now; the next scan reports the reason.
    if not stat.S_ISREG(info.st_mode):
        return None
    return _found(parsed, full, parts[0] == ARCHIVED, info)


def preferred(first: FoundSource, second: FoundSource) -> FoundSource:
    """Which of two files of the same name is the source: plain, live, larger, first by path."""
    return first if _rank(first) <= _rank(second) else second


def _rank(source: FoundSource) -> tuple[bool, bool, int, str]:
    return (
        source.representation is not Representation.PLAIN,
        source.archived,
        -source.size,
        source.path,
    )


def _belongs(kind: Kind, parts: list[str]) -> bool:
    if kind not in _IN_FOLDERS:
        return len(parts) == 1
    return (parts[0] == SESSIONS and len(parts) >= 2) or (parts[0] == ARCHIVED and len(parts) == 2)


def home_problem(root: str) -> Problem | None:
    """Why the home cannot be read; None if it can be."""
    try:
        os.scandir(root).close()
    except (FileNotFoundError, NotADirectoryError):
        return _problem(ProblemCode.NO_HOME, root)
    except OSError as error:
        return _problem(ProblemCode.UNREADABLE, root, error)
    return None


def _found(
    parsed: tuple[SourceName, Representation], path: str, archived: bool, info: os.stat_result
) -> FoundSource:
    identity = seen(info)
    return FoundSource(
        parsed[0],
        path,
        parsed[1],
        archived,
        identity.size,
        identity.mtime_ns,
        identity.dev,
        identity.inode,
    )


class _Scan:
    """State of one scan: the preferred file of each name so far, and the problems."""

    def __init__(self) -> None:
        self.best: dict[SourceName, FoundSource] = {}
        self.problems: list[Problem] = []

    def report(self, code: ProblemCode, path: str, error: OSError | None = None) -> None:
        self.problems.append(_problem(code, path, error))

    def index_files(self, root: str) -> None:
        for filename, name in INDEX_FILES.items():
            path = os.path.join(root, filename)
            try:
                info = os.lstat(path)
            except FileNotFoundError:
                continue  # Both files are optional.
            except OSError as error:
                self.report(ProblemCode.UNREADABLE, path, error)
                continue
            if stat.S_ISREG(info.st_mode):
                self.offer(_found((name, Representation.PLAIN), path, False, info))
            else:
                link = stat.S_ISLNK(info.st_mode)
                self.report(ProblemCode.SYMLINK if link else ProblemCode.SPECIAL, path)

    def folders(self, top: str, *, archived: bool, deep: bool) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        parsed = parse(entry.name)
                        if parsed is not None and parsed[0].kind in _IN_FOLDERS:
                            self.entry(parsed, entry, archived)
                        elif deep and entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                        elif deep and entry.is_symlink() and os.path.isdir(entry.path):
                            self.report(ProblemCode.SYMLINK, entry.path)
            except FileNotFoundError:
                continue  # An empty day folder was removed meanwhile; it contained no source.
            except OSError as error:
                self.report(ProblemCode.UNREADABLE, folder, error)

    def entry(
        self,
        parsed: tuple[SourceName, Representation],
        entry: os.DirEntry[str],
        archived: bool,
    ) -> None:
        try:
            if entry.is_file(follow_symlinks=False):
                info = entry.stat(follow_symlinks=False)
                self.offer(_found(parsed, entry.path, archived, info))
            elif entry.is_symlink():
                self.report(ProblemCode.SYMLINK, entry.path)
            else:
                self.report(ProblemCode.SPECIAL, entry.path)
        except FileNotFoundError:
            return  # Renamed or deleted between listing and stat.
        except PermissionError:
            raise  # The same error applies to every file of this folder: report it once.
        except OSError as error:
            self.report(ProblemCode.UNREADABLE, entry.path, error)

    def offer(self, source: FoundSource) -> None:
        other = self.best.setdefault(source.name, source)
        if other is source:
            return
        better = preferred(source, other)
        self.best[source.name] = better
        dropped = other if better is source else source
        # Codex compresses a file beside the plain one, and an inode seen twice is a file that moved
        # during the scan or a hard link. Neither is a problem.
        if better.representation is dropped.representation and (
            (better.dev, better.inode) != (dropped.dev, dropped.inode)
        ):
            self.report(ProblemCode.DUPLICATE, dropped.path)


_TEXTS = {
    ProblemCode.NO_HOME: (
        "There is no Codex home.",
        "Start Codex once, or name another home.",
    ),
    ProblemCode.NO_SESSIONS: (
        "The Codex home contains no sessions yet.",
        "They appear with the first prompt given to Codex.",
    ),
    ProblemCode.UNREADABLE: (
        "This cannot be read",
        "Make it readable (chmod u+r, for a folder chmod u+rx), or check the disk.",
    ),
    ProblemCode.SPECIAL: (
        "This has the name of a session, but is not a regular file; it is ignored.",
        "Move it out of the Codex home.",
    ),
    ProblemCode.SYMLINK: (
        "This is a symbolic link inside the Codex home; links there are not followed.",
        "Put the files themselves there, or make the whole sessions folder the link.",
    ),
    ProblemCode.DUPLICATE: (
        "Another file holds the same session; that one is read, this one is not.",
        "Remove or rename the copy that is not needed.",
    ),
}


def _problem(code: ProblemCode, path: str, error: OSError | None = None) -> Problem:
    message, hint = _TEXTS[code]
    return Problem(code, path, f"{message}: {error.strerror}." if error else message, hint)
