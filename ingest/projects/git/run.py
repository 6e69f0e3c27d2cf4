"""Git itself, run so that it only answers: the repository it looks into may be anybody's.

Promises that no program of the repository's choosing runs (no hook, monitor, pager, transport,
helper), that nothing in it changes, that nobody is asked anything, and that each call ends in time.
What is asked for never holds a name from a log: arguments are constants, ids go in by the input.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

SECONDS = 2.0
"""As long as anybody waits for one answer: a mount that hangs never gives one."""

_END_SECONDS = 0.5
"""So long a killed git may take to end; in a call that cannot be interrupted it ends later."""

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP")
"""The user's own settings count: there is said whose repositories are to be trusted."""
_SAID = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # What is missing in a partial clone is not fetched, by no program.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "i18n.logOutputEncoding=UTF-8",
)


class GitFailed(Exception):
    """Git did not answer; why is a sentence for people."""

    def __init__(self, why: str, *, repository: bool = True, silent: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.repository = repository
        """Whether there is a repository at all."""
        self.silent = silent
        """Whether it was waited for in vain."""


class GitProgram(Struct, frozen=True):
    path: str | None
    env: dict[str, str]
    seconds: float = SECONDS

    def run(self, root: str, *arguments: str, given: str = "") -> str:
        """What git answers in this folder, "" where it quietly says no; else `NoAnswer`."""
        if self.path is None:
            raise GitFailed("Git is not installed.")
        settings = [part for one in _SETTINGS for part in ("-c", one)]
        # Git changes its folder itself: where that hangs, only git does.
        command = [
            self.path,
            "-C",
            root,
            "--no-pager",
            "--literal-pathspecs",
            *settings,
            *arguments,
        ]
        # Only the repository that was found, none that holds it.
        env = {**self.env, "GIT_CEILING_DIRECTORIES": str(Path(root).parent)}
        try:
            process = subprocess.Popen(
                command,
                cwd="/",
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise GitFailed(f"Git cannot be run in {root}: {error.strerror}.") from error
        try:
            out, told = process.communicate(given.encode(), timeout=self.seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            why = f"Git did not answer within {self.seconds:g} seconds in {root}."
            raise GitFailed(why, silent=True) from error
        except BaseException:
            _end(process)
            raise
        if process.returncode == 1 and not told.strip():
            return ""
        if process.returncode:
            raise _refusal(root, told.decode(errors="replace"))
        return out.decode(errors="replace")


def find_git(env: Mapping[str, str], seconds: float = SECONDS) -> GitProgram:
    """Git as this environment has it."""
    path = shutil.which("git", path=env.get("PATH", os.defpath))
    kept = {name: env[name] for name in _KEPT if name in env}
    # A relative path would be looked up in the folder of the repository.
    return GitProgram(path if path and Path(path).is_absolute() else None, kept | _SAID, seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    """All of it: a child that holds the output would be waited for."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)


def _refusal(root: str, told: str) -> GitFailed:
    if "dubious ownership" in told:
        return GitFailed(f"{root} belongs to somebody else, so git does not look into it.")
    if "not a git repository" in told:
        return GitFailed(f"{root} is no repository any more.", repository=False)
    first = next((line for line in told.splitlines() if line.strip()), "no reason given")
    return GitFailed(f"Git refused in {root}: {first[:200]}")
