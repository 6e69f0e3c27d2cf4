"""Whether git leaves a file out of what it keeps; asked of git itself."""

from collections.abc import Mapping
from pathlib import Path

from ingest.projects.git.run import GitFailed, find_git

_SECONDS = 2.0


def is_ignored(env: Mapping[str, str], repository: Path, path: Path) -> bool | None:
    """None where git cannot say."""
    try:
        # It takes no literal names; a whole path, which begins with a slash, is one anyway.
        told = find_git(env, _SECONDS).run(
            str(repository),
            *("--no-literal-pathspecs", "check-ignore", "--stdin", "-z"),
            given=f"{path}\0",
        )
    except GitFailed:
        return None
    return bool(told)
