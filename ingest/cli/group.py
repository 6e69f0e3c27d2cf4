"""The classes of commands and groups: common options at every level, commands loaded late.

The common options can be given before or after a command; if one is given twice, the later wins
(homes are added). Their values are collected in the `Options` of the context.
"""

import difflib
import importlib
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from ingest.cli.options import Common, common_options
from ingest.cli.table import Entry
from ingest.gc_scheduler import gc_paused

if TYPE_CHECKING:  # Imported late: `--help` is faster without it.
    from click.shell_completion import CompletionItem


class _Shared(click.Command):
    """What commands and groups share: the common options, listed last in the help."""

    needs_memory = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *common_options()]

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        # Not from the context: click keeps the option that the first one of a command asked for.
        return ["-h", "--help"]

    def invoke(self, ctx: click.Context) -> Any:
        # Not in a group: the options of its subcommand, such as --db, are not parsed yet.
        if not isinstance(self, click.Group) and _needs_memory(ctx):
            ctx.find_root().obj.require_memory()
        return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for param in self.get_params(ctx):
            _reject_invalid_unicode(ctx, param, ctx.params.get(param.name or ""))
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                everywhere = isinstance(param, Common) or "--help" in param.opts
                (common if everywhere else own).append(record)
        if own:
            with formatter.section("Options"):
                formatter.write_dl(own)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        with formatter.section("Options of every command"):
            formatter.write_dl(common)


def _reject_invalid_unicode(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """A path can contain any bytes; other values are compared with text and stored, so they must be
    valid text.
    """
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise click.BadParameter("This is not valid UTF-8.", ctx, param) from None


def _needs_memory(ctx: click.Context | None) -> bool:
    """Whether the command or a group that contains it needs the memory."""
    while ctx is not None:
        if getattr(ctx.command, "needs_memory", False):
            return True
        ctx = ctx.parent
    return False


class Command(_Shared):
    """One command."""


class Group(_Shared, click.Group):
    """A command with subcommands."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not ctx.resilient_parsing and not name.startswith("-"):
            near = difflib.get_close_matches(name, names, 1)
            suggestion = f" Did you mean `{ctx.command_path} {near[0]}`?" if near else ""
            raise click.UsageError(f"Unknown command {name!r}.{suggestion}", ctx)
        return super().resolve_command(ctx, args)


class ListGroup(Group):
    """A group that lists if no subcommand is given, with the options of its `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self._lists(ctx, args):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def _lists(self, ctx: click.Context, args: list[str]) -> bool:
        """Whether there is no subcommand: an option of `list` comes first, or no word at all."""
        options = {name: param for param in self.get_params(ctx) for name in param.opts}
        rest = iter(args)
        for word in rest:
            name, equals, _ = word.partition("=")
            param = options.get(name if name.startswith("--") else name[:2])
            if param is None:
                return word.startswith("-") and word != "-"
            if "--help" in param.opts:
                return False
            if not equals and not getattr(param, "is_flag", False):
                next(rest, None)
        # A shell that completes may still get a subcommand.
        return not ctx.resilient_parsing

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        items = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            listing = self.commands["list"]
            items += listing.shell_complete(click.Context(listing, ctx, "list"), incomplete)
        return list({item.value: item for item in items}.values())


class LazyGroup(Group):
    """The root group: finds its commands in the table and imports the one that is called."""

    def __init__(self, *args: Any, entries: Sequence[Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        with gc_paused():
            command = cast(click.Command, importlib.import_module(entry.module).command)
        command.name = entry.name
        if isinstance(command, _Shared):
            command.needs_memory = entry.memory
        command.short_help = entry.summary
        more = inspect.getdoc(command.callback) if command.callback else None
        command.help = f"{entry.summary}\n\n{more}" if more else entry.summary
        command.epilog = f"Example: {entry.example}"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in self.entries.values()])
