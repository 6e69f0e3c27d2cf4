"""Nudges from the owner: notify-send, the command of the user, and the terminal of `--follow`.

There is one owner per database, so each event is reported once, however many dashboards are open;
these only ring their own terminals.
"""

import contextlib
import html
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final

import msgspec

from ingest import log
from ingest.db.local_reader import LocalReader
from ingest.errors import ProgramFailed
from ingest.live.home import watch_homes
from ingest.pipeline import limited_program
from ingest.pipeline.follow import Owner
from ingest.sessions.nudges import Nudge, Nudges, are_off, is_quiet
from ingest.sessions.scope import now_for
from ingest.sessions.session import unfinished_sessions
from ingest.settings import Settings

SCHEMA: Final = "tailboard.notify/1"
LOOK_EVERY: Final = 0.5
"""Seconds between two looks, at least."""
_PROGRAM: Final = "notify-send"
_DESKTOP: Final = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY")
_SECONDS: Final = 10.0
_OUTPUT_BYTES: Final = 64 * 1024


class NudgeJob:
    """Looks for events after each commit and after each change that is live."""

    kind = "nudges"

    def __init__(
        self,
        owner: Owner,
        settings: Settings,
        env: Mapping[str, str],
        zone: tzinfo | None,
        ring: Callable[[str], None],
    ) -> None:
        self._owner = owner
        self._settings = settings
        self._env = env
        self._zone = zone
        self._ring = ring
        self._reader = LocalReader(owner.database)
        self._nudges = Nudges()
        self._commits = -1
        self._looked_at = float("-inf")
        self._changed = threading.Event()
        self._stop = threading.Event()
        homes = [Path(home.path) for home in owner.homes]
        watch_homes(homes, self._stop, self._live_changed, ask=settings.codex_daemon)

    def step(self) -> None:
        commits = self._owner.database.commits.count
        if commits == self._commits and not self._changed.is_set():
            return
        if time.monotonic() - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = time.monotonic()
        self._changed.clear()
        self._commits = commits
        now = self._owner.clock()
        sessions = unfinished_sessions(self._reader, now_for(self._settings, now))
        found = self._nudges.new(sessions, now)
        local = now.replace(tzinfo=UTC).astimezone(self._zone)
        silent = is_quiet(self._settings.notify_quiet_hours, local.time())
        if found and not silent and not are_off(self._owner.database.path):
            # In a thread, because the programs may take their time.
            threading.Thread(target=self._report, args=(found,), daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _live_changed(self) -> None:
        self._changed.set()
        self._owner.actions.wake()

    def _report(self, found: list[Nudge]) -> None:
        for nudge in found:
            self._ring(nudge.text)
            if self._settings.notify_desktop:
                show_on_desktop(nudge, self._env)
            if self._settings.notify_command:
                self._run_command(nudge)

    def _run_command(self, nudge: Nudge) -> None:
        document = {"schema": SCHEMA, "text": nudge.text, **msgspec.to_builtins(nudge)}
        limits = limited_program.Limits(_SECONDS, _OUTPUT_BYTES)
        command = [*self._settings.notify_command, nudge.text]
        with log.suppress("The command of `[notify]`", ProgramFailed, OSError):
            limited_program.run(
                command,
                limits,
                self._owner.database.spool,
                self._env,
                msgspec.json.encode(document),
                self._stop.is_set,
            )


def show_on_desktop(nudge: Nudge, env: Mapping[str, str]) -> None:
    """Show the nudge with `notify-send`, where that and a desktop exist."""
    program = shutil.which(_PROGRAM, path=env.get("PATH"))
    if program is None or not any(env.get(name) for name in _DESKTOP):
        return
    # A desktop reads the second text as markup.
    texts = ["Codex", html.escape(nudge.text, quote=False)]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [program, "--app-name=Tailboard", "--", *texts],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            timeout=_SECONDS,
            start_new_session=True,
            check=False,
        )
