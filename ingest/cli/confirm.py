"""Asking before something is done that cannot be taken back, and the option that answers before."""

import sys

import click

from ingest.cli.errors import Refused
from ingest.cli.output import Output

yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


def confirmed(output: Output, question: str, *, yes: bool, word: str | None = None) -> bool:
    """Whether the person wants it; with a word, it has to be typed. Where nobody can be asked,
    only `--yes` answers.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused(
            "Nobody is there to be asked, so nothing was done.",
            "`--yes` does it without asking, `--dry-run` only tells.",
        )
    if word is None:
        said = click.confirm(question, default=False, err=True)
    else:
        said = click.prompt(question, default="", show_default=False, err=True) == word
    if not said:
        output.note("Nothing was done.")
    return said
