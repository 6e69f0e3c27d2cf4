"""The options that several commands share, and their values.

The common options are collected in `Options`; the filters of reading commands become one `Filters`.
Nothing here reads a file or a clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:  # Imported late: `--help` is faster without it.
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


@dataclass
class Options:
    """The values of the common options; filled while the command line is parsed."""

    codex_homes: list[str] = field(default_factory=list)
    db: str | None = None
    json: bool = False
    no_color: bool = False
    quiet: bool = False
    verbose: bool = False


class Common(click.Option):
    """An option of every command; its value goes to `Options`, not to the command."""


def common_options() -> list[click.Parameter]:
    """The common options, created anew for each command: click binds each to one command."""
    return [
        Common(
            ["--codex-home", "codex_homes"],
            metavar="PATH",
            multiple=True,
            expose_value=False,
            callback=_gather,
            help="A Codex home; can be repeated. Default: CODEX_HOME, else ~/.codex.",
        ),
        Common(
            ["--db"],
            metavar="PATH",
            expose_value=False,
            callback=_gather,
            help="The database file. Default: TAILBOARD_DB, else the system's data folder.",
        ),
        _flag(["--json"], "Print one JSON document."),
        _flag(["--no-color"], "Print without colour, as with NO_COLOR or in a pipe."),
        _flag(["-q", "--quiet"], "Print only the result and errors."),
        _flag(["-v", "--verbose"], "Print details, and error codes and tracebacks."),
        Common(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_versions,
            help="Print the versions and exit.",
        ),
    ]


def _flag(names: list[str], text: str) -> Common:
    return Common(names, is_flag=True, expose_value=False, callback=_gather, help=text)


def _gather(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if ctx.find_root().obj is None or not value or param.name is None:
        return
    options: Options = ctx.find_root().obj.options
    if param.name == "codex_homes":
        options.codex_homes.extend(value)
    else:
        setattr(options, param.name, value)


def _print_versions(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    # Imported late: only few commands need it.
    from ingest.cli.versions import version_text

    click.echo(version_text())
    ctx.exit()


@dataclass(frozen=True)
class Filters:
    """The filters of a reading command, as they were typed."""

    project: str | None = None
    branch: str | None = None
    session: str | None = None
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    offset: int = 0

    def page(self, rows: list[T]) -> list[T]:
        """The rows from `offset` on, at most `limit`."""
        return rows[self.offset : None if self.limit is None else self.offset + self.limit]


def known(kind: str) -> "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]":
    """Lets a shell complete a value with the sessions, projects … of the database."""

    def complete(
        ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        # Imported late: only a shell that completes needs it.
        from ingest.cli.completion import completions

        return completions(ctx.find_root().obj, kind, incomplete)

    return complete


project_option = click.option(
    "--project",
    metavar="NAME",
    shell_complete=known("project"),
    help="This project: its name or folder. Default: the project of this folder.",
)
_TIME: Final = "7d, -24h, yesterday, 2026-11-01, epoch."
_FILTERS: Final[dict[str, dict[str, Any]]] = {
    "project": {
        "metavar": "NAME",
        "shell_complete": known("project"),
        "help": "Only this project: its name, or its folder.",
    },
    "branch": {
        "metavar": "NAME",
        "shell_complete": known("branch"),
        "help": "Only this branch.",
    },
    "session": {
        "metavar": "ID",
        "shell_complete": known("session"),
        "help": "Only this session; a unique id prefix is enough.",
    },
    "since": {"metavar": "TIME", "help": f"Not before: {_TIME}"},
    "until": {"metavar": "TIME", "help": f"Not after: {_TIME}"},
    "limit": {"metavar": "N", "type": click.IntRange(min=1), "help": "Show at most N."},
    "offset": {"metavar": "N", "type": click.IntRange(min=0), "help": "Skip the first N."},
}


everywhere_option = click.option(
    "--everywhere", is_flag=True, help="All projects, not only that of this folder."
)
reason_option = click.option(
    "--reason", metavar="TEXT", help="The reason, recorded with the action."
)


def filters(*names: str) -> Callable[[F], F]:
    """Adds these filters to a command, which gets them as `only: Filters`."""
    return grouped_options("only", Filters, {name: _FILTERS[name] for name in names})


def grouped_options(
    parameter: str, values: Callable[..., Any], options: dict[str, dict[str, Any]]
) -> Callable[[F], F]:
    """Adds these options to a command, which gets those that were given as one parameter.

    Place it below other options: it does not pass on those that are already on the function.
    """

    def add(function: F) -> F:
        def command(*args: Any, **kwargs: Any) -> Any:
            chosen = {name: kwargs.pop(name) for name in map(_field, options)}
            given = {name: value for name, value in chosen.items() if value is not None}
            return function(*args, **{parameter: values(**given)}, **kwargs)

        command.__doc__ = function.__doc__
        command.__name__ = function.__name__
        for name in reversed(options):
            command = click.option(f"--{name}", **options[name])(command)
        return command  # type: ignore[return-value]

    return add


def _field(option: str) -> str:
    return option.replace("-", "_")
