"""The checks of `tailboard doctor`, one function each. A check reports; it changes nothing.

`ok` is false only if something prevents Tailboard from working or hides something from the user;
everything else is in the detail.
"""

import contextlib
import importlib.util
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest import log
from ingest.cli.versions import version_text
from ingest.codex.liveness import LiveStatus
from ingest.db.query_reader import NOTHING_YET, NamedQueries, QueryReader
from ingest.db.search_changes import index_bytes, index_folder
from ingest.errors import CommandError, TailboardError
from ingest.live import home as live_home
from ingest.live.codex_databases import MEMORIES, DatabaseUnread, memory_pipeline
from ingest.pipeline.homes import homes
from ingest.projects.tasks.plan_tool import (
    MAX_SESSIONS,
    SWITCH_ON,
    SessionEvidence,
    config_path,
    configured,
    is_enabled,
)
from ingest.sessions.search.lag import all_behind_texts, lag, rebuilding_text
from ingest.tail.discovery import ProblemCode, scan
from ingest.tail.watch import Mode, Watcher
from ingest.text.numbers import pluralize, size
from ingest.text.times import duration

_ROOM: Final = 200 * 1024**2
_AHEAD: Final = timedelta(minutes=10)
_WATCHES: Final = Path("/proc/sys/fs/inotify/max_user_watches")


class Check(Struct, frozen=True):
    name: str
    ok: bool
    detail: str
    cure: str = ""


def versions() -> Check:
    return Check("versions", True, version_text())


def home(path: Path) -> Check:
    """Whether there is a Codex home, and what it contains."""
    scanned = scan(path)
    blocking = (ProblemCode.NO_HOME, ProblemCode.NO_SESSIONS, ProblemCode.UNREADABLE)
    for problem in scanned.problems:
        if problem.code in blocking:
            return Check("codex home", False, f"{problem.path}: {problem.message}", problem.hint)
    sessions = len({source.name.thread for source in scanned.found if source.name.thread})
    odd = f"; {pluralize(len(scanned.problems), 'file')} ignored" if scanned.problems else ""
    detail = (
        f"{path}: {pluralize(sessions, 'session')} in {pluralize(len(scanned.found), 'file')}{odd}"
    )
    if not sessions:
        return Check("codex home", False, detail, "Send Codex a prompt; it then creates its files.")
    return Check("codex home", True, detail)


def elsewhere(looked: Sequence[Path], usual: Sequence[Path]) -> Iterator[Check]:
    """Sessions in another Codex home than those that are read."""
    for path in usual:
        if path in looked or not path.is_dir():
            continue
        files = len(scan(path).found)
        if files:
            yield Check(
                "other home",
                True,
                f"{path} holds {pluralize(files, 'file')}, but is not read.",
                f"To read it too, name both homes or set CODEX_HOME: --codex-home {path}",
            )


def readable_by_others(path: Path) -> Check:
    """A note, not a problem: Codex creates its session files readable for every user of the
    machine.
    """
    if not os.access(path / "sessions", os.R_OK | os.X_OK):
        return Check("codex files", True, "No sessions that this user can read.")
    loose = [source for source in scan(path).found if _mode(Path(source.path)) & stat.S_IROTH]
    if loose and _mode(path) & stat.S_IXOTH:
        return Check(
            "codex files",
            True,
            f"Every user of this machine can read {pluralize(len(loose), 'file')} of {path}.",
            f"If that matters here: chmod 700 {path}",
        )
    return Check("codex files", True, f"No other user can read the sessions of {path}.")


def private(database: Path) -> Check:
    """Whether Tailboard's own files are accessible to their owner only."""
    name = "permissions"
    if not database.exists():
        folder = _first_there(database.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            return Check(
                name,
                False,
                f"{database} cannot be created: {folder} is not writable.",
                "Get write permission for the folder, or use another file: --db PATH",
            )
        return Check(name, True, NOTHING_YET)
    if _mode(database) & 0o077:
        return Check(name, False, f"Others can read {database}.", f"chmod 600 {database}")
    if _mode(database.parent) & 0o022:
        folder = database.parent
        return Check(name, False, f"Others can write into {folder}.", f"chmod go-w {folder}")
    return Check(name, True, f"Only its owner can read {database}.")


def log_file(database: Path) -> Check:
    """Where warnings and unexpected errors are logged, and the time of the last entry."""
    path, entries = log.beside(database), log.entries(database)
    if not entries:
        return Check("log", True, f"{path}: no messages.")
    last = entries[-1]
    detail = f"{path}: {pluralize(len(entries), 'message')}, the last at {last.time}Z."
    return Check("log", True, detail)


def room(database: Path) -> Check:
    """Whether the disk has enough free space for the database."""
    name = "disk"
    free = _free(database.parent)
    if free is None:
        return Check(name, True, "Unknown: the system does not report it.")
    detail = f"{size(free)} are free on the disk of the database."
    if free < _ROOM:
        cure = f"Free at least {size(_ROOM)}, or use another disk: --db PATH"
        return Check(name, False, detail, cure)
    return Check(name, True, detail)


def room_for_codex(path: Path) -> Iterator[Check]:
    """A nearly full disk where Codex writes: Codex then loses data without a message."""
    free = _free(path)
    if free is not None and free < _ROOM:
        yield Check(
            "codex disk",
            False,
            f"{size(free)} are free on the disk of {path}. A full disk stops Codex's recording.",
            "Free disk space; what Codex could not write is lost.",
        )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_first_there(folder)).free
    except OSError:
        return None


def _first_there(folder: Path) -> Path:
    """The nearest parent folder that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder


def watching(path: Path) -> Check:
    """Whether the system reports changes, and how many folders it lets a user watch."""
    with Watcher(path) as watcher:
        watcher.wait_until_opened()
        mode, reason = watcher.mode, watcher.reason
    detail = f"{mode}: {reason}"
    # Not Linux: there is no such limit.
    with contextlib.suppress(OSError, ValueError):
        detail += f" The limit is {int(_WATCHES.read_text()):,} folders."
    if mode is Mode.EVENTS or not path.exists():
        return Check("watching", True, detail)
    cure = "Changes are still found, a few seconds later."
    if "limit" in reason:
        which = "instances=1024" if "instances" in reason else "watches=524288"
        cure += f" To be faster: sudo sysctl fs.inotify.max_user_{which}"
    return Check("watching", True, detail, cure)


def daemon(path: Path, *, ask: bool) -> Check:
    """Whether Codex's daemon reports what its sessions wait for. Without it, the files decide."""
    name = "codex daemon"
    if not ask:
        return Check(name, True, "Not asked: `codex_daemon` is off. The session files decide.")
    live = live_home.of(str(path))
    statuses = live.now(ask=True).statuses
    if live.problem:
        return Check(name, True, f"Not used: {live.problem} The session files decide.")
    if not live.version:
        return Check(name, True, "None runs. The session files decide.")
    waiting = sum(status in (LiveStatus.APPROVAL, LiveStatus.INPUT) for status in statuses.values())
    detail = (
        f"Codex {live.version}: {pluralize(len(statuses), 'thread')} loaded, {waiting} waiting."
    )
    if live.is_newer_than_tested:
        detail += " It is newer than this version of Tailboard."
    if live.unknown:
        detail += f" Statuses that are not known: {', '.join(sorted(live.unknown))}."
    return Check(name, True, detail)


def codex_databases(path: Path) -> Check:
    """Whether Codex's files of queued messages, titles, pins and memories can be read."""
    name, live = "codex databases", live_home.of(str(path))
    live.now(ask=False)
    unread = dict(live.unread)
    try:
        memory_pipeline(str(path))
    except DatabaseUnread as error:
        unread[MEMORIES] = str(error)
    if unread:
        listed = " ".join(f"{file}: {reason}" for file, reason in sorted(unread.items()))
        return Check(name, True, f"Not read: {listed}")
    return Check(name, True, "Queued messages, titles, pins and memories can be read.")


def database(access: QueryReader) -> Check:
    steps = access.rows("status.migrations")
    if not steps:
        return Check("database", True, f"{access.path}: {NOTHING_YET}")
    newest = steps[-1]
    return Check("database", True, f"{access.path}: schema {newest['version']} ({newest['name']})")


def plan_tool(access: QueryReader, path: Path) -> Check:
    """Whether Codex's plan tool is on: since 0.152 it must be enabled in Codex's settings."""
    name = "plan tool"
    rows = access.rows("status.plan_tool", home=homes([path])[0].id, sessions=MAX_SESSIONS)
    sessions = [SessionEvidence(row["cli_version"], row["planned"], row["refused"]) for row in rows]
    codex = sessions[0].codex if sessions else None
    enabled, problem = configured(path)
    if problem:
        return Check(name, True, f"{config_path(path)}: {problem}")
    on = enabled if enabled is not None else is_enabled(sessions)
    seen = f"the newest Codex seen is {codex}" if codex else "no session records its Codex version"
    if on is None:
        return Check(name, True, f"Unknown: {seen}.")
    if on:
        return Check(name, True, f"On; {seen}.")
    return Check(
        name,
        False,
        f"Off, so Codex records no plans; {seen}.",
        f"Add at the top of {config_path(path)}: {SWITCH_ON}",
    )


def agents(path: Path) -> Check:
    """Whether Codex asks Tailboard, as `tailboard setup codex --print` shows."""
    # Imported here: only this check needs it.
    from ingest.cli.agents import codex_setup
    from ingest.cli.agents.settings_file import SettingsFile

    name = "agents"
    try:
        file = SettingsFile(config_path(path))
    except CommandError as error:
        return Check(name, True, error.message)
    found = codex_setup.installed(file.text or "", file.names)
    if not (found.server or found.hook):
        cure = "To let Codex ask Tailboard, see `tailboard setup codex --print`."
        return Check(name, True, f"{path} does not know Tailboard.", cure)
    server = "MCP server added" if found.server else "no MCP server"
    if found.server and importlib.util.find_spec("mcp") is None:
        detail = f"{server}, but the optional part `agents` is not installed."
        return Check(name, False, detail, "Install '.[agents]' instead of '.', or make setup.")
    if not found.hook:
        return Check(name, True, f"{server}; no hook at the start of sessions.")
    if not found.trusted:
        detail = f"{server}; the hook is added, but not allowed in Codex, which skips it."
        return Check(name, False, detail, "Start codex and allow the hook, or use /hooks there.")
    return Check(name, True, f"{server}; the hook at the start of sessions is added and allowed.")


def search_index(access: QueryReader, now: datetime) -> Check:
    """The size of the search index, and how far it is behind. It is built again by itself."""
    detail = f"{size(index_bytes(access.path))} in {index_folder(access.path)}"
    found = lag(access, now)
    behind = ", ".join(filter(None, (*all_behind_texts(found), rebuilding_text(found))))
    cure = "`tailboard ingest` or a running dashboard continues." if behind else ""
    return Check("search index", True, f"{detail}; {behind}." if behind else f"{detail}.", cure)


def team(path: Path) -> Iterator[Check]:
    """Whether the team's store can be used, if this installation is a member of a team."""
    # Imported here: only this check needs it.
    from ingest.team import schema
    from ingest.team.membership import TeamFile
    from ingest.team.postgres import Address, Store, require_client

    name = "team"
    try:
        if (found := TeamFile(path).read()) is None:
            return
        require_client()
        with Store(Address(found.address)) as store, store.transaction():
            schema.check(store)
            encrypted = store.is_encrypted
    except TailboardError as error:
        yield Check(name, False, error.message, error.hint)
        return
    if encrypted:
        yield Check(name, True, f"{found.address}: schema {schema.newest()}.")
    else:
        cure = "Join again with ?sslmode=verify-full at the end of the URL."
        yield Check(name, False, f"{found.address}: the connection is not encrypted.", cure)


def kinds(access: QueryReader) -> Check:
    rows = access.rows("status.kinds")
    if not rows:
        return Check("record kinds", True, "All record kinds are known.")
    kinds_and_lines = ", ".join(
        f"{row['kind']} ({pluralize(row['lines'], 'line')})" for row in rows[:8]
    )
    return Check(
        "record kinds",
        True,
        f"Unknown: {kinds_and_lines}.",
        "Nothing is lost: the lines stay in Codex's files. A newer Tailboard may understand them.",
    )


def older_parts(access: QueryReader) -> Iterator[Check]:
    """References to older parts of session files that are not followed, if there are any."""
    if refused := access.rows("status.refused"):
        reasons = " ".join(dict.fromkeys(row["message"] for row in refused))
        detail = f"Not read, of {pluralize(len(refused), 'session file')}: {reasons}"
        yield Check("older parts", True, detail, "`tailboard quarantine` lists the references.")


def unattributed(access: NamedQueries) -> str:
    """How many records have no id of a session or turn; empty if all have both."""
    row = access.first_row("status.unattributed") or {"sessionless": 0, "turnless": 0}
    parts = [
        f"{pluralize(count, 'record')} without a {what} id"
        for count, what in ((row["sessionless"], "session"), (row["turnless"], "turn"))
        if count
    ]
    return ", ".join(parts)


def ids(access: QueryReader, *, strict: bool) -> Check:
    """Whether every record names its session and turn; a problem only if that is required."""
    if missing := unattributed(access):
        detail = f"{missing}. Codex 0.98 and earlier releases write no turn ids."
        cure = "To accept them, set `strict = false` under `[ingest]`." if strict else ""
        return Check("ids", not strict, detail, cure)
    return Check("ids", True, "Every record names its session and turn.")


def clock(access: QueryReader, now: datetime) -> Check:
    """Whether Codex wrote lines with a time in the future."""
    newest = access.first_row("status.newest_line")
    ahead = newest["last_at"] - now if newest and newest["last_at"] else timedelta()
    if ahead > _AHEAD:
        return Check(
            "clock",
            False,
            f"The newest line is dated {duration(ahead.total_seconds())} in the future.",
            "Correct this machine's clock; ages and states are wrong until then.",
        )
    return Check("clock", True, "No line is dated in the future.")


def queue(access: QueryReader) -> Check:
    pauses = access.rows("status.pauses")
    if pauses:
        first = pauses[0]
        return Check("queue", False, f"Paused: {first['message']}", first["hint"])
    counts = {row["state"]: row["batches"] for row in access.rows("batches.counts")}
    for state, description in (("dead", "given up"), ("failed", "failed, and will be retried")):
        if count := counts.get(state, 0):
            listed = f"See `tailboard batches list --state {state}`."
            return Check("queue", False, f"{pluralize(count, 'batch')} {description}.", listed)
    return Check("queue", True, "Running; no batch has failed.")


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(os.stat(path, follow_symlinks=False).st_mode)  # noqa: PTH116
    except OSError:
        return 0  # Deleted meanwhile: there is nothing to read.
