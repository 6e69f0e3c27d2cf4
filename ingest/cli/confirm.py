"""The confirmation before an action that cannot be undone, and the option `--yes`."""

import sys

import click

from ingest.cli.output import Output
from ingest.errors import Refused

yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def confirmed(output: Output, question: str, *, yes: bool, word: str | None = None) -> bool:
    """Ask the user; with `word`, it must be typed. Without a terminal, only `--yes` confirms."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused(
            "Confirmation is needed, but there is no terminal to ask on. Nothing was changed.",
            "Use `--yes` to skip the question, or `--dry-run` to preview.",
        )
    if word is None:
        confirmation = click.confirm(question, default=False, err=True)
    else:
        confirmation = click.prompt(question, default="", show_default=False, err=True) == word
    if not confirmation:
        output.note("Nothing was changed.")
    return confirmation
