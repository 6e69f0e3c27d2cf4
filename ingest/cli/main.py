"""The entry point: parses the command line, runs one command, and prints errors (only here).

Imports only click; the module of a command is imported when it is called.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import takewhile
from typing import TYPE_CHECKING, TextIO

import click

from ingest.cli import dashboard
from ingest.cli.group import LazyGroup
from ingest.cli.invocation import AGAIN_SECONDS, Invocation, with_invocation
from ingest.cli.table import COMMANDS
from ingest.exit_codes import Exit

if TYPE_CHECKING:
    from ingest.errors import TailboardError

COMPLETE = "_TAILBOARD_COMPLETE"
NO_WINDOWS = "Tailboard does not run on Windows.\nUse it in WSL, the Windows Subsystem for Linux."


@click.group(
    "tailboard", cls=LazyGroup, entries=COMMANDS, invoke_without_command=True, no_args_is_help=False
)
@click.option(
    "--no-mouse",
    is_flag=True,
    help="Do not capture the mouse, so that the terminal can select text.",
)
@click.pass_context
@with_invocation
def cli(invocation: Invocation, ctx: click.Context, no_mouse: bool) -> int:
    """Index and show the sessions that OpenAI Codex records on this machine.

    Without a command, opens the dashboard on a terminal and runs `tailboard status` elsewhere.

    Example: tailboard search "failing test" --since 7d
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    if not invocation.options.json:
        if dashboard.draws(invocation.env):
            opened = dashboard.opened(invocation.settings, mouse=not no_mouse)
            if opened is not None:
                return opened
        elif dashboard.is_person():
            invocation.output.note(dashboard.cannot_draw(invocation.env))
    status = cli.get_command(ctx, "status")
    if status is None:
        raise LookupError("the table of commands has no `status`")
    with status.make_context("status", [], parent=ctx) as sub:
        return _code(status.invoke(sub))


def main() -> None:
    try:
        code = run(sys.argv[1:], os.environ, datetime.now(UTC))
    except Exception as error:
        from ingest import log

        log.unexpected(error)
        if _wants_json(sys.argv[1:]):
            message = f"{type(error).__name__}: {error}".rstrip(": ")
            hint = "Report it with the output of `tailboard support-bundle`."
            _print_error(sys.stdout, "unexpected", message, hint)
        raise
    sys.exit(code)


def run(
    arguments: Sequence[str],
    env: Mapping[str, str],
    now: datetime,
    zone: tzinfo | None = None,
) -> int:
    # What the terminal cannot encode is printed as an escape; it must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    invocation = Invocation(env, now, sys.stdout, sys.stderr, zone)
    if sys.platform == "win32":
        invocation.plain_output.complain(NO_WINDOWS)
        return Exit.UNUSABLE
    if COMPLETE in env:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {"obj": invocation}, "tailboard", COMPLETE, env[COMPLETE])
    try:
        code = _invoke(arguments, invocation, time.monotonic() + AGAIN_SECONDS)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()
        return Exit.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except RuntimeError as error:
        # Lets the engine deliver a Ctrl-C that arrived while it was busy.
        if str(error) != "Query interrupted":
            raise
        return Exit.INTERRUPTED
    except OSError as error:
        if not _is_stuck(sys.stdout):
            raise
        _drop_the_rest()
        invocation.plain_output.complain(
            f"The output cannot be written: {error.strerror}.\n"
            "Free disk space there, or write it elsewhere."
        )
        return Exit.UNUSABLE
    return code


def _is_stuck(stream: TextIO) -> bool:
    """Whether the stream is closed at the other end."""
    try:
        stream.write("\n")
        stream.flush()
    except OSError:
        return True
    return False


def _drop_the_rest() -> None:
    """Discard the stream's buffer, so that the flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _invoke(arguments: Sequence[str], invocation: Invocation, until: float) -> int:
    try:
        with cli.make_context("tailboard", list(arguments), obj=invocation) as ctx:
            return _code(cli.invoke(ctx))
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except click.ClickException as error:
        if _wants_json(arguments):
            no_command = isinstance(error, click.exceptions.NoArgsIsHelpError)
            message = "Missing command." if no_command else error.format_message()
            context = getattr(error, "ctx", None)
            path = context.command_path if context else "tailboard"
            _print_error(invocation.out, "usage", message, f"`{path} --help` lists what it takes.")
        error.show()
        return error.exit_code
    except Exception as error:
        # Imported late: `--help` is faster without it.
        from ingest.errors import TailboardError

        if not isinstance(error, TailboardError):
            raise
        if _may_run_again(error, invocation, until):
            return _invoke(arguments, invocation, until)
        if _wants_json(arguments):
            _print_error(invocation.out, error.code, error.message, error.hint)
        _report(invocation, error)
        return error.exit_code


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether --json was given, also on a command line that cannot be parsed."""
    return "--json" in takewhile(lambda word: word != "--", arguments)


def _print_error(out: TextIO, code: str, message: str, hint: str) -> None:
    """Print the one document of a command that failed. People read standard error as before."""
    from ingest.cli.document import document

    error = {"code": code, "message": message, "hint": hint}
    out.write(document("error", {"error": error}) + "\n")


def _may_run_again(error: "TailboardError", invocation: Invocation, until: float) -> bool:
    """Whether to retry: the owner ended before the command printed or changed anything. A command
    prints only at its end.
    """
    from ingest.errors import OwnerGone

    return isinstance(error, OwnerGone) and not invocation.has_acted and time.monotonic() < until


def _code(returned: object) -> int:
    """The exit code that a command returned; None is 0."""
    return returned if isinstance(returned, int) else Exit.DONE


def _report(invocation: Invocation, error: "TailboardError") -> None:
    output = invocation.plain_output
    output.complain(f"{error.message}\n{error.hint}".rstrip())
    if invocation.options.verbose:
        import traceback

        output.complain(f"[{error.code}]\n" + "".join(traceback.format_exception(error)).rstrip())
