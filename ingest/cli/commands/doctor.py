"""`tailboard doctor`: runs the checks and prints each problem with a fix."""

from collections.abc import Iterator
from pathlib import Path

import click

from ingest.cli import checks, terminal
from ingest.cli.access import open_for_reading
from ingest.cli.checks import Check
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.errors import DatabaseError
from ingest.exit_codes import Exit


@click.command(cls=Command)
@with_invocation
def command(invocation: Invocation) -> int:
    """Exits with 1 if it finds a problem. Changes nothing."""
    done = list(examine(invocation))

    def show(output: Output) -> None:
        for check in done:
            output.line(
                output.state("ok" if check.ok else "problem"), f"{check.name}:", check.detail
            )
            if check.cure:
                output.line(check.cure, indent="    ")

    invocation.answer("doctor", {"checks": done}, show)
    return Exit.DONE if all(check.ok for check in done) else Exit.ATTENTION


def examine(invocation: Invocation) -> Iterator[Check]:
    """Run all checks, in order."""
    settings = invocation.settings
    yield checks.versions()
    yield terminal.check(invocation.env, invocation.window)
    for home in settings.codex_homes:
        yield checks.home(home)
        yield checks.readable_by_others(home)
        yield checks.watching(home)
        yield from checks.room_for_codex(home)
        yield checks.daemon(home, ask=settings.codex_daemon)
        yield checks.codex_databases(home)
        yield checks.agents(home)
    yield from checks.elsewhere(settings.codex_homes, _usual_homes(invocation))
    yield checks.private(settings.db)
    yield checks.room(settings.db)
    yield checks.log_file(settings.db)
    yield from checks.team(settings.db)
    try:
        with open_for_reading(invocation) as access:
            yield checks.database(access)
            for home in settings.codex_homes:
                yield checks.plan_tool(access, home)
            yield checks.search_index(access, invocation.now)
            yield checks.kinds(access)
            yield from checks.older_parts(access)
            yield checks.ids(access, strict=settings.ingest_strict)
            yield checks.queue(access)
            yield checks.clock(access, invocation.now)
    except DatabaseError as error:
        # A database that cannot be opened is a failed check; the other checks still run.
        yield Check("database", False, error.message, error.hint)


def _usual_homes(invocation: Invocation) -> list[Path]:
    """Where this user's Codex would write, regardless of the options and the settings file."""
    named = invocation.loaded.origins["codex_homes"]
    configured = named.environment if isinstance(named.environment, tuple) else ()
    usual = named.default if isinstance(named.default, tuple) else ()
    return [Path(path) for path in dict.fromkeys([*configured, *usual])]
