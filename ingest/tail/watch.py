"""Hints that files changed, from the operating system if it can give them.

Never raises into the caller; if it gives no hints, `reason` says why. Events can get lost (new
nested folders, a limit reached late), so the caller also sweeps.
"""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Self

from ingest import log
from ingest.tail.discovery import ARCHIVED, SESSIONS
from ingest.tail.mounts import filesystem_of, is_remote
from ingest.tail.source import INDEX_FILES, parse

Notify = Callable[[list[str], bool, threading.Event], Iterable[set[str]]]
"""Watches folders (recursively or not) until the event is set; yields sets of changed paths."""

_IN_HOME = frozenset((*INDEX_FILES, SESSIONS, ARCHIVED))


_NO_MORE = "(os error 24)"
"""EMFILE, in the words of the native watcher."""
_STEP_MS = 50
"""How often the native watcher checks for events. Two watchers at 20 ms would use 0.25 % of a
processor while idle.
"""
_FLAT_STEP_MS = 200
"""The same for the home itself, of which only the history of prompts matters."""


class Mode(StrEnum):
    EVENTS = "events"
    POLLING = "polling"


class Watcher:
    """Watches one Codex home, whether or not it exists yet; `wait` is for one thread only."""

    def __init__(
        self,
        home: str | os.PathLike[str],
        notify: Notify | None = None,
        mounts: Callable[[], str] | None = None,
    ) -> None:
        self._home = os.path.abspath(os.fspath(home))
        self._mounts = mounts or _proc_mounts
        self._changed = threading.Condition()
        self._dirty: set[str] = set()
        self._stopped = False
        self._nudged = False
        # Held while watches start or end, so that none starts during `stop`.
        self._ends = threading.Lock()
        self._remote: str | None = None
        self._asked: _Folders | None = None
        """The folders whose file systems are known; a replaced folder can be on another device."""
        # Two watches: everything below the sessions, but of the home only the folder itself,
        # because Codex's databases write there all day.
        self._flat = _Watch(notify or _watchfiles, self._home_changed, recursive=False)
        self._deep = _Watch(notify or _watchfiles, self._mark, recursive=True)
        self._follow()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def mode(self) -> Mode:
        blind = self._stopped or self._failure or not self._flat.alive
        return Mode.POLLING if blind else Mode.EVENTS

    @property
    def reason(self) -> str:
        if self._stopped:
            return "Watching has been stopped."
        if self._failure:
            return f"{self._failure} The files are checked at regular intervals instead."
        if not self._flat.alive:
            return "There is no Codex home to watch yet."
        if not self._deep.alive:
            return "The Codex home is watched; it contains no sessions yet."
        return "The operating system reports changes."

    def wait(self, timeout: float) -> set[Path]:
        """Source files that may have changed, as soon as there are any; none after the timeout.

        A path may no longer exist. For a new folder, every source below it is returned.
        """
        self._follow()
        with self._changed:
            self._changed.wait_for(lambda: self._dirty or self._nudged or self._stopped, timeout)
            dirty, self._dirty, self._nudged = self._dirty, set(), False
        # Before the new folders are listed, so that little can appear between the two.
        self._follow()
        return _sources(dirty)

    def nudge(self) -> None:
        """End the waiting now, whether or not anything changed. Can be called from any thread."""
        with self._changed:
            self._nudged = True
            self._changed.notify_all()

    def wait_until_opened(self) -> None:
        """Open every watch again and wait for it, so that `mode` and `reason` are final."""
        with self._ends:
            # A watch that is stopped has been opened before, or has failed.
            self._flat.stop()
            self._deep.stop()
        self._follow()

    def stop(self) -> None:
        """Also ends the waiting of the other thread. Can be called twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        with self._ends:
            self._flat.stop()
            self._deep.stop()

    @property
    def _failure(self) -> str | None:
        return self._remote or self._flat.failure or self._deep.failure

    def _follow(self) -> None:
        """Watch the present folders: new ones, and those that replaced another."""
        home = _existing(self._home)
        trees = _existing(*(os.path.join(self._home, name) for name in (SESSIONS, ARCHIVED)))
        with self._ends:
            if self._stopped:
                return
            if self._failure is None and self._asked != home | trees:
                self._asked = home | trees
                self._remote = self._remote_among(self._asked)
            watchable = self._failure is None
            self._flat.cover(home if watchable else {})
            self._deep.cover(trees if watchable else {})

    def _remote_among(self, folders: "_Folders") -> str | None:
        mounts = self._mounts() if folders else ""
        for path in folders:
            filesystem = filesystem_of(os.path.realpath(path), mounts)
            if is_remote(filesystem):
                return f"A network file system ({filesystem}) does not report changes."
        return None

    def _home_changed(self, paths: set[str]) -> None:
        self._mark({path for path in paths if os.path.basename(path) in _IN_HOME})

    def _mark(self, paths: set[str]) -> None:
        if paths:
            with self._changed:
                self._dirty |= paths
                self._changed.notify_all()


_Folders = dict[str, tuple[int, int]]
"""Existing folders with device and inode, to recognise a replaced one."""


class _Watch:
    """The thread that waits for the operating system; `cover` tells it which folders to watch."""

    def __init__(
        self, notify: Notify, deliver: Callable[[set[str]], None], *, recursive: bool
    ) -> None:
        self.failure: str | None = None
        self._notify = notify
        self._deliver = deliver
        self._recursive = recursive
        self._covered: _Folders = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def cover(self, folders: _Folders) -> None:
        if folders == self._covered and self.alive == bool(folders):
            return
        self.stop()
        self._covered = folders
        if folders:
            self._end = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(list(folders), self._end), name="watch", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _run(self, paths: list[str], end: threading.Event) -> None:
        try:
            for changed in self._notify(paths, self._recursive, end):
                self._deliver(changed)
        except FileNotFoundError:
            return  # The folder disappeared; it is covered again once it is back.
        except OSError as error:
            log.suppressed("Watching the sessions", error)
            limit = "limit" in str(error).lower() or error.errno in (errno.EMFILE, errno.ENOSPC)
            self.failure = (
                "The system's limit of watched folders is reached (fs.inotify.max_user_watches)."
                if limit
                else f"Watching failed: {error.strerror or error}."
            )
        except BaseException as error:  # noqa: BLE001
            log.unexpected(error)
            # The native watcher can fail in any way (a panic in native code is not an Exception):
            # sweeps continue without it, and `reason` says so.
            self.failure = (
                "The system's limit of watchers is reached (fs.inotify.max_user_instances)."
                if _NO_MORE in str(error)
                else f"Watching failed: {type(error).__name__}: {error}."
            )
        else:
            if not end.is_set():
                self.failure = "The watcher ended unexpectedly."


def _watchfiles(paths: list[str], recursive: bool, end: threading.Event) -> Iterator[set[str]]:
    try:
        yield from _watched(paths, recursive, end, some=False)
    except PermissionError:
        # Only now: without some folders, the watcher does not report those beyond the limit.
        yield from _watched(paths, recursive, end, some=True)


def _watched(
    paths: list[str], recursive: bool, end: threading.Event, *, some: bool
) -> Iterator[set[str]]:
    # Imported late, so that a broken native module disables the events and not the program.
    from watchfiles import Change, watch

    for changes in watch(
        *paths,
        watch_filter=None,
        step=_STEP_MS if recursive else _FLAT_STEP_MS,
        debounce=200,
        stop_event=end,
        recursive=recursive,
        force_polling=False,  # The native polling costs half a core; our sweep replaces it.
        ignore_permission_denied=some,
        raise_interrupt=False,
    ):
        # Only new folders matter: listing a large folder for each change would take seconds.
        yield {
            path
            for change, path in changes
            if change is Change.added or parse(os.path.basename(path))
        }


def _existing(*paths: str) -> _Folders:
    folders = {}
    for path in paths:
        try:
            info = os.stat(path)
        except OSError:
            continue  # Missing or not permitted, so not watched; the scan reports which.
        if stat.S_ISDIR(info.st_mode):
            folders[path] = (info.st_dev, info.st_ino)
    return folders


def _sources(dirty: set[str]) -> set[Path]:
    names = set()
    for path in dirty:
        if parse(os.path.basename(path)):
            names.add(Path(path))
        for folder, _, filenames in os.walk(path):
            names.update(Path(folder, name) for name in filenames if parse(name))
    return names


def _proc_mounts() -> str:
    try:
        with open("/proc/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            return mounts.read()
    except OSError:
        return ""  # Not Linux: the type is unknown, so events are tried.
