"""`tailboard completion`: prints the completion script of a shell."""

import click
from click.shell_completion import get_completion_class

from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.main import COMPLETE, cli


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@with_invocation
def command(invocation: Invocation, shell: str) -> None:
    """How to install the script: for bash, put `eval "$(tailboard completion bash)"` in ~/.bashrc;
    for zsh, put the same in ~/.zshrc; for fish, write the output to
    ~/.config/fish/completions/tailboard.fish.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(f"click completes no {shell}")
    script = kind(cli, {}, "tailboard", COMPLETE).source()
    invocation.answer(
        "completion",
        {"shell": shell, "script": script},
        lambda output: output.text(script),
    )
