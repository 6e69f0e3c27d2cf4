"""Runs git safely in untrusted repositories.

No program that the repository configures is run (hook, monitor, pager, transport, helper), nothing
in it is changed, git never prompts, and each call has a timeout. Names from logs are never passed
as arguments: arguments are constants, ids are passed on standard input.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from msgspec import Struct

from ingest.errors import GitFailed

SECONDS = 2.0
"""Timeout of one call: on a mount that hangs, git never returns."""

_END_SECONDS = 0.5
"""How long to wait for a killed git; in an uninterruptible system call it ends later."""

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP")
"""Variables to keep: the user's own git settings decide which repositories are trusted."""
_SAID = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # Never fetch what is missing in a partial clone.
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


class GitProgram(Struct, frozen=True):
    path: str | None
    env: dict[str, str]
    seconds: float = SECONDS

    def run(
        self, root: str, *arguments: str, input_text: str = "", then: tuple[str, ...] = ()
    ) -> str:
        """The output of git in this folder; "" if git exits with 1 and no message. `then`: git is
        run with these arguments on that output, which is never held in memory.
        """
        process = self._start(root, arguments, subprocess.PIPE)
        first = process if then else None
        try:
            if first is not None and first.stdin is not None and first.stdout is not None:
                # The input must fit into a pipe, because the output is not read yet.
                first.stdin.write(input_text.encode())
                first.stdin.close()
                process = self._start(root, then, first.stdout)
                first.stdout.close()
                out, errors = process.communicate(timeout=self.seconds)
                first.wait(_END_SECONDS)
            else:
                out, errors = process.communicate(input_text.encode(), timeout=self.seconds)
        except subprocess.TimeoutExpired as error:
            why = f"Git did not respond within {self.seconds:g} seconds in {root}."
            raise GitFailed(why, silent=True) from error
        except OSError as error:
            raise GitFailed(f"Git cannot be run in {root}: {error.strerror}.") from error
        finally:
            for each in (process, first):
                if each is not None and each.poll() is None:
                    _end(each)
            if first is not None and first.stderr is not None:
                first.stderr.close()
        if first is not None and first.returncode:
            raise GitFailed(f"Git could not compare commits in {root}.")
        if process.returncode == 1 and not errors.strip():
            return ""
        if process.returncode:
            raise _refusal(root, errors.decode(errors="replace"))
        return out.decode(errors="replace")

    def _start(
        self, root: str, arguments: tuple[str, ...], source: int | IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        if self.path is None:
            raise GitFailed("Git is not installed.")
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        # -C instead of cwd: if changing the folder hangs, only git hangs.
        command = [
            self.path,
            "-C",
            root,
            "--no-pager",
            "--literal-pathspecs",
            *settings,
            *arguments,
        ]
        # Use only the repository at `root`, never one that contains it.
        env = {**self.env, "GIT_CEILING_DIRECTORIES": str(Path(root).parent)}
        try:
            return subprocess.Popen(
                command,
                cwd="/",
                env=env,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise GitFailed(f"Git cannot be run in {root}: {error.strerror}.") from error


def find_git(env: Mapping[str, str], seconds: float = SECONDS) -> GitProgram:
    """The git on the PATH of this environment."""
    path = shutil.which("git", path=env.get("PATH", os.defpath))
    inherited = {name: env[name] for name in _KEPT if name in env}
    # A relative path would be looked up in the folder of the repository.
    return GitProgram(
        path if path and Path(path).is_absolute() else None, inherited | _SAID, seconds
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group: a child that keeps the pipes open would block."""
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


def _refusal(root: str, stderr: str) -> GitFailed:
    if "dubious ownership" in stderr:
        return GitFailed(f"{root} belongs to another user, so git refuses to read it.")
    if "not a git repository" in stderr:
        return GitFailed(f"{root} is no longer a repository.", repository=False)
    first = next((line for line in stderr.splitlines() if line.strip()), "no reason given")
    return GitFailed(f"Git refused in {root}: {first[:200]}")
