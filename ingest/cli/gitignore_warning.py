"""Warns about files in a git repository that git does not ignore, because they can be committed."""

from collections.abc import Iterable
from pathlib import Path

from ingest.cli.invocation import Invocation
from ingest.projects import exports


def warn_unless_ignored(invocation: Invocation, where: Path, paths: Iterable[Path]) -> None:
    """Print a warning for the paths that git does not ignore."""
    from ingest.projects.gitignore import is_ignored

    in_repositories = ((exports.enclosing_repository(path), path) for path in paths)
    if any(
        root is not None and is_ignored(invocation.env, root, path) is False
        for root, path in in_repositories
    ):
        invocation.output.note(
            f"{where} is not ignored by git: if it is committed, others can read it."
        )
