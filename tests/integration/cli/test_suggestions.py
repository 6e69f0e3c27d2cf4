"""Every command that this program prints in a hint, a help text or an example exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

import ingest
from ingest.cli.main import cli
from ingest.cli.table import COMMANDS

HERE = Path(ingest.__file__).parent
QUOTED = re.compile(r"`(tailboard [^`]+)`")
PRINTED = sorted(
    {
        suggestion
        for path in HERE.rglob("*.py")
        for suggestion in QUOTED.findall(re.sub(r'"\s*\n\s*f?"', "", path.read_text()))
    }
    | {entry.example for entry in COMMANDS}
)

EXAMPLES = sorted(
    {
        example
        for path in HERE.rglob("*.py")
        for example in re.findall(r"^ *Example: (tailboard .+)$", path.read_text(), re.MULTILINE)
    }
)


@pytest.mark.parametrize("suggestion", [*PRINTED, *EXAMPLES])
def test_a_printed_command_is_a_real_one(suggestion: str) -> None:
    words = shlex.split(suggestion)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="tailboard")
    while isinstance(command, click.Group) and words and not words[0].startswith(("-", "{")):
        found = command.get_command(context, words.pop(0))
        assert found is not None, suggestion
        command, context = found, click.Context(found, context)
    options = {name for param in command.get_params(context) for name in param.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_help_of_every_command_has_an_example_of_it() -> None:
    def check(command: click.Command, context: click.Context) -> None:
        # For a command that is also a group, the example may show a subcommand.
        text = command.get_help(context)
        assert f"Example: {context.command_path.strip()}" in text
        assert text.startswith(f"Usage: {context.command_path}")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                check(found, click.Context(found, context, name))

    check(cli, click.Context(cli, info_name="tailboard"))


def test_there_are_suggestions_to_check() -> None:
    assert "tailboard ingest" in PRINTED
    assert "tailboard quarantine list" in PRINTED
