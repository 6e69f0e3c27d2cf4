"""`tailboard config`: shows the settings, where each value comes from, and their file."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Cell, Column, Output
from ingest.private_files import create
from ingest.settings import ABOUT, ENVIRONMENT, Origin, Source, Value, allowed, places, template

_SOURCES = tuple(Source)
_PATHS = ("codex_homes", "db")
"""Settings whose values are too long for one row."""


@click.group(cls=Group)
def command() -> None:
    """Options override the environment, which overrides the settings file, which overrides the
    defaults.
    """


@command.command("show")
@click.option(
    "--sources", is_flag=True, help="Show the value from each source, and which one applies."
)
@with_invocation
def show(invocation: Invocation, sources: bool) -> None:
    """Show the current settings.

    Example: tailboard config show --sources
    """
    loaded = invocation.loaded

    def table(output: Output) -> None:
        if not sources:
            rows = [[name, _text(origin.applied)] for name, origin in loaded.origins.items()]
            output.table([Column("SETTING"), Column("VALUE")], rows)
            return
        titles = ["SETTING", *(source.upper() for source in _SOURCES), "APPLIED"]
        output.table(
            [Column(title, least=8 if title != "SETTING" else None) for title in titles],
            [_cells(name, origin) for name, origin in loaded.origins.items() if name not in _PATHS],
        )
        output.line()
        output.table(
            [Column(title) for title in ("SETTING", "FROM", "VALUE")],
            [row for name in _PATHS for row in _source_rows(name, loaded.origins[name])],
        )

    settings = {
        name: {
            **{source.value: getattr(origin, source.value) for source in _SOURCES},
            "applied": origin.applied,
            "source": origin.source,
            "variable": ENVIRONMENT[name],
            "meaning": ABOUT[name].meaning,
            "allowed": allowed(name),
        }
        for name, origin in loaded.origins.items()
    }
    invocation.answer("config", {"file": loaded.file, "settings": settings}, table)


@command.command("path")
@with_invocation
def path(invocation: Invocation) -> None:
    """Print the path of the settings file.

    Example: tailboard config path
    """
    file = places(invocation.env).config
    # Without loading the settings: the path is most useful when the file is invalid.
    output = invocation.plain_output
    if invocation.options.json:
        output.document("config.file", {"file": file, "exists": file.exists()})
    else:
        output.line(str(file))


@command.command("edit")
@with_invocation
def edit(invocation: Invocation) -> None:
    """Open the settings file in your editor; a new file lists every setting.

    The editor is taken from VISUAL or EDITOR.

    Example: tailboard config edit
    """
    file = places(invocation.env).config
    if not file.exists():
        _create(file)
    click.edit(filename=str(file))
    # Report a mistake now, while the user is still editing.
    loaded = invocation.loaded
    invocation.answer("config.file", {"file": loaded.file, "exists": True}, lambda _: None)


@command.command("observe-schema")
@with_invocation
def observe_schema(invocation: Invocation) -> None:
    """Print the JSON Schema of what `observe_command` must write to standard output.

    Example: tailboard config observe-schema
    """
    # Imported late: the other subcommands do not need the database.
    from ingest.projects.roles.answer import answer_schema
    from ingest.role_settings import OBSERVE, Role, RoleOutput

    role = Role(name=OBSERVE, command=("command",), writes=(RoleOutput.NOTES,))
    schema = answer_schema(role)
    invocation.answer(
        "config.observe-schema",
        {"json_schema": schema},
        lambda output: output.text(json.dumps(schema, indent=2)),
    )


def _create(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with create(file) as stream:
        stream.write(template().encode())


def _cells(name: str, origin: Origin) -> list[Cell]:
    values = [getattr(origin, source.value) for source in _SOURCES]
    return [name, *(_text(value) for value in values), _text(origin.applied)]


def _source_rows(name: str, origin: Origin) -> Iterator[list[Cell]]:
    """The value of each source, one per row."""
    for source in (*_SOURCES, "applied"):
        value = getattr(origin, source)
        if value is not None:
            yield [name, source, _text(value)]


def _text(value: Value | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
