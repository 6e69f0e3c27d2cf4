"""Ranks the commands of a turn: failures, commits, tests, builds and edits come before commands
that only read; and the files of a session. Pure.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from ingest.codex.exit_codes import git_subcommand, is_read_only, reports_by_exit_code
from ingest.codex.shell import SimpleCommand, simple_commands
from ingest.projects.journal.model import ChangedFile, CommandRun, JournalFailure


class Weight(IntEnum):
    READ = 0
    DID = 1
    CHECKED = 2
    """Tests, builds and checks."""
    COMMITTED = 3
    FAILED = 4


_COMMITS: Final = frozenset(
    ("commit", "push", "merge", "rebase", "tag", "revert", "cherry-pick", "am")
)
_TESTS: Final = ("pytest", "tox", "nox", "jest", "vitest", "mocha", "rspec", "phpunit", "ctest")
_BUILDS: Final = (
    "make",
    "cmake",
    "ninja",
    "mvn",
    "gradle",
    "gradlew",
    "bazel",
    "tsc",
    "xcodebuild",
)
_CHECKERS: Final = ("ruff", "mypy", "eslint", "pyright", "clippy", "shellcheck", "pre-commit")
_PROGRAMS: Final = frozenset((*_TESTS, *_BUILDS, *_CHECKERS))
_RUNNERS: Final = frozenset(
    (
        "npm",
        "pnpm",
        "yarn",
        "bun",
        "npx",
        "cargo",
        "go",
        "dotnet",
        "swift",
        "uv",
        "poetry",
        "python",
    )
)
_GENERATED: Final = re.compile(
    r"(?:^|/)(?:[^/]*[.-]lock(?:\.json|\.ya?ml)?|go\.sum|__snapshots__/.*|node_modules/.*"
    r"|dist/.*|build/.*|[^/]*\.(?:min\.\w+|map|snap|svg|png|pyc))$"
)
_VERBS: Final = frozenset(("test", "build", "check", "lint", "clippy", "ci", "vet", *_PROGRAMS))


def weight(command: str, status: str) -> Weight:
    """How important the command is in a summary."""
    if status in ("failed", "aborted", "declined"):
        return Weight.FAILED
    parts = simple_commands(command)
    return max(map(_weight, parts), default=Weight.DID)


def _weight(command: SimpleCommand) -> Weight:
    program, words = command.program, command.words[1:]
    if program == "git" and git_subcommand(words)[0] in _COMMITS:
        return Weight.COMMITTED
    if program == "gh" and tuple(words[:2]) == ("pr", "merge"):
        return Weight.COMMITTED
    runs = program.startswith("python") or program in _RUNNERS
    if program in _PROGRAMS or (runs and not _VERBS.isdisjoint(words[:4])):
        return Weight.CHECKED
    return Weight.READ if is_read_only(command) or reports_by_exit_code(command) else Weight.DID


def most_important(commands: Sequence[CommandRun], most: int) -> list[CommandRun]:
    """The `most` important commands, in their order; of equal ones the later ones.

    If some are left out, all commands that only read are, unless nothing else is left.
    """
    if len(commands) <= most:
        return list(commands)
    weights = [weight(command.command, command.status) for command in commands]
    ranked = sorted(range(len(commands)), key=lambda i: (weights[i], i), reverse=True)
    effective = [i for i in ranked if weights[i] > Weight.READ]
    return [commands[i] for i in sorted((effective or ranked)[:most])]


def most_important_failures(failures: Sequence[JournalFailure], most: int) -> list[JournalFailure]:
    """The `most` important failures: unrepaired ones first, then those with output."""
    ranked = sorted(
        range(len(failures)),
        key=lambda i: (not failures[i].repaired, bool(failures[i].output), i),
        reverse=True,
    )
    return [failures[i] for i in sorted(ranked[:most])]


def most_important_files(files: Sequence[ChangedFile], most: int) -> list[ChangedFile]:
    """The `most` important files: written before generated ones, then the most often changed."""
    return sorted(files, key=lambda file: (bool(_GENERATED.search(file.path)), -file.times))[:most]
