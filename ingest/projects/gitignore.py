"""Asks git whether a file is ignored."""

from collections.abc import Mapping
from pathlib import Path

from ingest.errors import GitFailed
from ingest.projects.git.run import find_git

_SECONDS = 2.0


def is_ignored(env: Mapping[str, str], repository: Path, path: Path) -> bool | None:
    """None if git cannot tell."""
    try:
        # check-ignore rejects --literal-pathspecs; an absolute path is literal anyway.
        ignored = find_git(env, _SECONDS).run(
            str(repository),
            *("--no-literal-pathspecs", "check-ignore", "--stdin", "-z"),
            input_text=f"{path}\0",
        )
    except GitFailed:
        return None
    return bool(ignored)
