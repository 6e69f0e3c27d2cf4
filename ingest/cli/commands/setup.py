"""`tailboard setup`: adds Tailboard to Codex, or to a git repository, and takes it out again."""

import shutil
import sys
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from ingest.cli.agents import codex_setup, git_hooks
from ingest.cli.agents.settings_file import SettingsFile
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.errors import NotFound, Refused
from ingest.projects import exports
from ingest.projects.git import notices
from ingest.projects.git.run import find_git
from ingest.projects.safe_export import masked

_TRUST: Final = (
    "Codex skips a hook until you allow it: it asks at its next start, or use /hooks there. "
    "`tailboard doctor` says how it stands."
)


_VARIABLES: Final = (
    "TAILBOARD_DB", "TAILBOARD_CONFIG", "CODEX_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME",
)  # fmt: skip


class Change(Struct, frozen=True):
    path: str
    what: str
    done: bool


@click.group(cls=Group)
def command() -> None:
    """Each change is shown first, and nothing is changed unless you agree. `--remove` undoes it."""


_print = click.option("--print", "only_print", is_flag=True, help="Only show the change.")
_remove = click.option("--remove", is_flag=True, help="Take it out again.")


@command.command("codex")
@_print
@click.option(
    "--project", "in_project", is_flag=True, help="Only for the repository of this folder."
)
@_remove
@yes_option
@with_invocation
def codex(
    invocation: Invocation, only_print: bool, in_project: bool, remove: bool, yes: bool
) -> None:
    """Add three things to Codex's config.toml: the MCP server `tailboard`, a hook that gives each
    new session the brief of its project, and Codex's plan tool, so that sessions write plans. The
    file is backed up beside itself; comments and formatting stay.

    Example: tailboard setup codex --print
    """
    path = _config_path(invocation, in_project=in_project)
    file = SettingsFile(path)
    text = file.text or ""
    if remove:
        new, what = codex_setup.removed(text, file.names, file.before())
    else:
        new, what = codex_setup.added(text, program(), _environment(invocation))
    wanted = bool(what) and not only_print
    if what and not invocation.options.json:
        invocation.output.text(masked(file.difference(new)))
    if wanted and confirmed(invocation.output, f"Change {path}?", yes=yes):
        if remove:
            file.restore(new)
        else:
            partly = codex_setup.installed(text, file.names)
            path.parent.mkdir(parents=True, exist_ok=True)
            file.write(new, keep_backup=partly.server or partly.hook)
    elif wanted:
        return
    changes = [Change(str(path), each, wanted) for each in what]

    def show(output: Output) -> None:
        if not what:
            output.note(f"Nothing to {'remove from' if remove else 'add to'} {path}.")
        for change in changes if wanted else ():
            output.note(f"{'Removed' if remove else 'Added'}: {change.what}.")
        if wanted and not remove and any("hook" in each for each in what):
            output.note(_TRUST)

    invocation.answer("setup", {"changes": changes}, show)


@command.command("git")
@_print
@_remove
@yes_option
@with_invocation
def git(invocation: Invocation, only_print: bool, remove: bool, yes: bool) -> None:
    """Add hooks to the repository of this folder that notify Tailboard after a commit, a merge, a
    checkout and a rebase: what is shown of the project is then current at once. They only write a
    mark, and start no program; hooks that are there still run.

    Example: tailboard setup git --print
    """
    hooks = _hooks_folder(invocation)
    marks = notices.folder(invocation.settings.db)
    lines = git_hooks.block(git_hooks.mark_of(marks, hooks))
    paths = [hooks / name for name in git_hooks.NAMES]
    if not remove and not invocation.options.json:
        invocation.output.text("\n".join([*map(str, paths), "", lines]))
    if not only_print and not confirmed(invocation.output, f"Change {hooks}?", yes=yes):
        return
    if not (only_print or remove):
        marks.mkdir(mode=0o700, parents=True, exist_ok=True)
        hooks.mkdir(exist_ok=True)
    what = "removed" if remove else "added"
    changes = [
        Change(str(path), what, not only_print)
        for path in paths
        if only_print or (git_hooks.removed(path) if remove else git_hooks.added(path, lines))
    ]

    def show(output: Output) -> None:
        for change in changes if not only_print else ():
            output.note(f"{change.what.capitalize()}: {change.path}")
        if not changes:
            output.note(f"Nothing to change in {hooks}.")

    invocation.answer("setup", {"changes": changes}, show)


def _hooks_folder(invocation: Invocation) -> Path:
    """The folder of the repository's hooks, which all its worktrees share."""
    root = exports.repository_at(invocation.here)
    if root is None:
        raise NotFound(f"{invocation.here} is in no git repository.", "Go to one first.")
    found = find_git(invocation.env).run(str(root), "rev-parse", "--git-common-dir").strip()
    configured = find_git(invocation.env).run(str(root), "config", "--local", "core.hooksPath")
    if configured.strip():
        raise Refused(
            f"The repository takes its hooks from {configured.strip()} (core.hooksPath).",
            "Its files may be shared, so they are left alone; `--print` shows the lines to add.",
        )
    return root / found / "hooks"


def _config_path(invocation: Invocation, *, in_project: bool) -> Path:
    if not in_project:
        home = invocation.settings.codex_homes[0]
        if not home.is_dir():
            raise NotFound(f"There is no Codex home {home}.", "Start Codex once; it creates it.")
        return home / "config.toml"
    root = exports.repository_at(invocation.here)
    if root is None:
        raise NotFound(f"{invocation.here} is in no git repository.", "Leave out --project.")
    return root / ".codex" / "config.toml"


def _environment(invocation: Invocation) -> dict[str, str]:
    """The variables that say where the database and the settings are, if any is set."""
    return {name: invocation.env[name] for name in _VARIABLES if invocation.env.get(name)}


def program() -> str:
    """How Codex, or a shell, starts this program: by its name, if that is found."""
    own = Path(sys.argv[0]).absolute()
    if own.name != "tailboard":
        own = Path(sys.executable).with_name("tailboard")
    found = shutil.which("tailboard")
    if found is not None and Path(found).resolve() == own.resolve():
        return "tailboard"
    return str(own)
