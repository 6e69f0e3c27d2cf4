"""Asking before something is done that cannot be taken back."""

import sys

import click

from ingest.cli.errors import Refused
from ingest.cli.output import Output


def agreed(output: Output, question: str, *, yes: bool) -> bool:
    """Whether the person wants it. Where nobody can be asked, only `--yes` answers."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused(
            "Nobody is there to be asked, so nothing was done.",
            "`--yes` does it without asking, `--dry-run` only tells.",
        )
    if click.confirm(question, default=False, err=True):
        return True
    output.note("Nothing was done.")
    return False
