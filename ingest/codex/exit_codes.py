"""Tells negative results from failures: a search without a match exits with 1. Pure.

`rg`, `diff`, `test` and similar commands exit with 1 for "no" and with a higher code for an error.
An exit code of 1 is a negative result if it comes from such a command and no other part of the
command line can have caused it.
"""

import re
from collections.abc import Sequence
from typing import Final

from ingest.codex.shell import SimpleCommand, simple_commands

NEGATIVE: Final = 1
_XARGS_NEGATIVE: Final = 123
"""`xargs` exits with this code if a command it ran exited with 1."""
_SEARCHES: Final = ("rg", "grep", "egrep", "fgrep", "zgrep", "ugrep", "ag", "ack", "findstr")
_COMPARISONS: Final = ("diff", "colordiff", "sdiff", "cmp", "test", "[", "[[", "expr")
_LOOKUPS: Final = ("pgrep", "pidof", "lsof", "fuser", "which", "where", "type", "hash")
_QUERY_PROGRAMS: Final = frozenset((*_SEARCHES, *_COMPARISONS, *_LOOKUPS))
_GIT_QUERIES: Final[dict[str, frozenset[str]]] = {
    "grep": frozenset(),
    "check-ignore": frozenset(),
    "show-ref": frozenset(),
    "diff": frozenset(("--exit-code", "--quiet", "--no-index")),
    "diff-index": frozenset(("--exit-code", "--quiet")),
    "diff-files": frozenset(("--exit-code", "--quiet")),
    "merge-base": frozenset(("--is-ancestor",)),
    "rev-parse": frozenset(("-q", "--quiet")),
    "symbolic-ref": frozenset(("-q", "--quiet")),
    "ls-files": frozenset(("--error-unmatch",)),
    "config": frozenset(("--get", "--get-all", "--get-regexp", "get")),
}
"""Subcommands that exit with 1 for "no", with the options of which one is required for that."""
_QUERY_OPTIONS: Final = {"command": ("-v", "-V"), "jq": ("-e", "--exit-status")}
_BUILTINS: Final = ("cd", "pushd", "echo", "printf", "pwd", "true", ":", "export", "set", "sleep")
_VIEWERS: Final = ("ls", "cat", "sed", "nl", "head", "tail", "find", "tree", "stat", "file", "date")
_FILTERS: Final = ("wc", "sort", "uniq", "cut", "tr", "awk", "column", "less", "more", "jq", "od")
_READ_ONLY: Final = frozenset((*_BUILTINS, *_VIEWERS, *_FILTERS))
_GIT_READ_ONLY: Final = frozenset(
    ("status", "log", "show", "diff", "branch", "ls-files", "rev-parse", "blame", "remote")
)
_ERROR_TEXT: Final = re.compile(
    r"No such file|not found|[Cc]annot |denied|fatal:|[Nn]ot a |[Ii]nvalid|unrecognized|error:"
)


def is_negative_result(command: str | None, exit_code: int | None, output: str | None) -> bool:
    """Whether this exit code means "no" rather than an error."""
    if not command or exit_code not in (NEGATIVE, _XARGS_NEGATIVE):
        return False
    deciding = _deciding_commands(simple_commands(command))
    if not any(
        reports_by_exit_code(each) and _negative_code(each) == exit_code for each in deciding
    ):
        return False
    text = (output or "").strip()
    if len(deciding) == 1 or not text:
        return True
    return all(
        reports_by_exit_code(each) or is_read_only(each) for each in deciding
    ) and not _ERROR_TEXT.search(text)


def _negative_code(command: SimpleCommand) -> int:
    return _XARGS_NEGATIVE if "xargs" in command.wrappers else NEGATIVE


def _deciding_commands(commands: Sequence[SimpleCommand]) -> list[SimpleCommand]:
    """The commands that can determine the exit code of the command line."""
    options = [word for each in commands if each.program == "set" for word in each.words[1:]]
    joins = {"&&"}
    if "pipefail" in options:
        joins.add("|")
    if any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in options):
        joins.add(";")
    deciding = list(commands[-1:])
    for before, after in zip(reversed(commands[:-1]), reversed(commands), strict=False):
        if after.join in joins:
            deciding.append(before)
        elif after.join != "|":
            break
    return deciding


def is_read_only(command: SimpleCommand) -> bool:
    """Whether a command only reads."""
    if command.program == "git":
        return git_subcommand(command.words[1:])[0] in _GIT_READ_ONLY
    return command.program in _READ_ONLY and not command.writes


def reports_by_exit_code(command: SimpleCommand) -> bool:
    """Whether a command exits with 1 for a negative result."""
    words = command.words[1:]
    if command.program in _QUERY_PROGRAMS:
        return True
    if command.program in _QUERY_OPTIONS:
        return any(option in words for option in _QUERY_OPTIONS[command.program])
    if command.program == "find":
        runs = [i for i, word in enumerate(words) if word.startswith("-exec")]
        return bool(runs) and reports_by_exit_code(SimpleCommand(tuple(words[runs[0] + 1 :]), ";"))
    if command.program == "git":
        verb, options = git_subcommand(words)
        required = _GIT_QUERIES.get(verb)
        return required is not None and (not required or not required.isdisjoint(options))
    return False


def git_subcommand(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The subcommand of `git` and its arguments; git's own options are skipped."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in ("-C", "-c", "--git-dir", "--work-tree") else 1
    return (words[at], words[at + 1 :]) if at < len(words) else ("", ())
