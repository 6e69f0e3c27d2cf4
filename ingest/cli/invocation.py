"""One run of the program: its options, settings, clock and output."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TextIO, TypeVar

import click

from ingest.cli.options import Options

if TYPE_CHECKING:  # Imported late: `--help` is faster without them.
    from pathlib import Path

    from ingest.cli.output import Output
    from ingest.cli.terminal import Window
    from ingest.sessions.scope import Now
    from ingest.settings import Loaded, Settings

AGAIN_SECONDS = 300.0
"""How long a command is retried if each owner ends before it answers: as long as 200 commands
started at once take on a busy machine. Each retry means that another command has finished.
"""

P = ParamSpec("P")
R = TypeVar("R")


class Invocation:
    """What belongs to this run. The settings are loaded on first use."""

    def __init__(
        self,
        env: Mapping[str, str],
        now: datetime,
        out: TextIO,
        err: TextIO,
        zone: tzinfo | None = None,
        here: "Path | None" = None,
    ) -> None:
        self.options = Options()
        self.env = env
        self.aware_now = now
        self.zone = zone
        """The time zone of days; None is the system's."""
        self._here = here
        self.out = out
        self.err = err
        self.has_acted = False
        """Whether an action was requested: then the command must not be run a second time."""

    def elsewhere(self, env: Mapping[str, str]) -> "Invocation":
        """A copy with another environment and without options."""
        return Invocation(env, self.aware_now, self.out, self.err, self.zone)

    def later(self, now: datetime) -> "Invocation":
        """A copy with another time."""
        return Invocation(self.env, now, self.out, self.err, self.zone)

    def for_request(self, now: datetime, here: "Path | None", out: TextIO) -> "Invocation":
        """A copy for one request of a server, with its time and folder, that prints to `out`."""
        copy = Invocation(self.env, now, out, out, self.zone, here)
        copy.options = self.options
        copy.__dict__["loaded"] = self.loaded
        return copy

    @property
    def here(self) -> "Path":
        """The folder that the command is about, if it names none."""
        from pathlib import Path

        return self._here or Path.cwd()

    @property
    def is_terminal(self) -> bool:
        return self.out.isatty()

    @property
    def window(self) -> "Window | None":
        """The terminal that the output goes to, if it is one."""
        from ingest.cli.terminal import Window

        if not self.is_terminal:
            return None
        at = shutil.get_terminal_size()
        return Window(at.columns, at.lines, getattr(self.out, "encoding", None) or "ascii")

    @property
    def now(self) -> datetime:
        """Naive UTC, as the database stores times."""
        return self.aware_now.astimezone(UTC).replace(tzinfo=None)

    @property
    def judged(self) -> "Now":
        """The time for which the states of sessions are computed."""
        from ingest.sessions.scope import now_for

        return now_for(self.settings, self.now)

    @cached_property
    def loaded(self) -> "Loaded":
        from ingest import log, settings

        given = settings.GivenOptions(
            tuple(self.options.codex_homes),
            self.options.db,
            "never" if self.options.no_color else None,
        )
        loaded = settings.load(given, self.env, settings.places(self.env))
        log.start(loaded.settings.db)
        return loaded

    @property
    def settings(self) -> "Settings":
        return self.loaded.settings

    def require_memory(self) -> None:
        """Refuse a command that the setting `memory_enabled` switches off."""
        if not self.settings.memory_enabled:
            from ingest.errors import Refused

            raise Refused(
                "Tasks, resume, journal and state are switched off.",
                "Set `enabled = true` under `[memory]` with `tailboard config edit`.",
                code="memory.off",
            )

    @cached_property
    def output(self) -> "Output":
        return self._output(self.settings.color)

    @cached_property
    def plain_output(self) -> "Output":
        """An output for messages that must be printed even if the settings cannot be loaded."""
        return self._output("never")

    def _output(self, color: str) -> "Output":
        from ingest.cli.output import terminal

        return terminal(self.out, self.err, self.env, color, quiet=self.options.quiet)

    def answer(
        self, command: str, body: Mapping[str, object], show: "Callable[[Output], None]"
    ) -> None:
        """Print the result of a command: the document with --json, else what `show` prints."""
        if self.options.json:
            self.output.document(command, body)
        else:
            show(self.output)


def with_invocation(
    function: Callable[Concatenate[Invocation, P], R],
) -> Callable[P, R]:
    """Passes the `Invocation` to a command as its first argument."""

    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(click.get_current_context().find_root().obj, *args, **kwargs)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command
