"""`tailboard doctor`: what is looked at, what was found, and the cure of each problem."""

from collections.abc import Iterator

import click

from ingest.cli import checks
from ingest.cli.access import reading
from ingest.cli.checks import Check
from ingest.cli.errors import Exit
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.store.errors import StoreError


@click.command(cls=Command)
@with_invocation
def command(invocation: Invocation) -> int:
    """Ends with 1 where a problem was found. Nothing is changed."""
    done = list(_checks(invocation))

    def show(output: Output) -> None:
        for check in done:
            output.line(
                output.state("ok" if check.ok else "problem"), f"{check.name}:", check.detail
            )
            if check.cure:
                output.line(check.cure, indent="    ")

    invocation.answer("doctor", {"checks": done}, show)
    return Exit.DONE if all(check.ok for check in done) else Exit.ATTENTION


def _checks(invocation: Invocation) -> Iterator[Check]:
    settings = invocation.settings
    yield checks.versions()
    for home in settings.codex_homes:
        yield checks.home(home)
        yield checks.readable_by_others(home)
        yield checks.watching(home)
    yield checks.private(settings.db)
    try:
        with reading(invocation) as access:
            yield checks.database(access)
            for home in settings.codex_homes:
                yield checks.plan_tool(access, home)
            yield checks.kinds(access)
            yield checks.queue(access)
    except StoreError as error:
        # A database that does not open is a finding here, not the end of the examination.
        yield Check("database", False, error.message, error.hint)
