"""Who reads a file in a repository: whoever reads its commits. Said, never forbidden."""

from collections.abc import Iterable
from pathlib import Path

from ingest.cli.invocation import Invocation
from ingest.projects import exports


def warn_unless_ignored(invocation: Invocation, where: Path, paths: Iterable[Path]) -> None:
    """Say that git does not ignore what is written there, where it does not ignore all of it."""
    from ingest.projects.gitignore import is_ignored

    in_repositories = ((exports.enclosing_repository(path), path) for path in paths)
    if any(
        root is not None and is_ignored(invocation.env, root, path) is False
        for root, path in in_repositories
    ):
        invocation.output.note(
            f"{where} is not ignored by git: if it is committed, others can read it."
        )
