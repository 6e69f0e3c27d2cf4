"""Gives the terminal to `codex resume` until it ends. A module of its own because the board and the
session screen both do it.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from ingest import log
from ingest.sessions.session import Session


def resume_here(app: App[Any], session: Session) -> None:
    """Run `codex resume` in the folder of the session. Says why if that is not possible."""
    program = shutil.which("codex")
    if program is None:
        _warn(app, "There is no program `codex` on the PATH. c copies the command.")
        return
    folder = session.cwd if session.cwd and Path(session.cwd).is_dir() else None
    home = {"CODEX_HOME": session.home} if session.home else {}
    command = [program, "resume", session.id]
    try:
        with app.suspend():
            code = subprocess.run(command, cwd=folder, env=os.environ | home).returncode
    except (SuspendNotSupported, OSError) as error:
        log.suppressed("Resuming a session", error)
        _warn(app, "This terminal cannot be handed over. c copies the command.")
        return
    if code:
        _warn(app, f"`codex resume` ended with exit code {code}.")


def _warn(app: App[Any], text: str) -> None:
    app.notify(text, severity="warning", markup=False)
