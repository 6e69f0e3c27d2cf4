"""`tailboard journal`: prints, exports and automatically writes journals."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ingest.batches.batch import Kind
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.auto_group import auto_group
from ingest.cli.gitignore_warning import warn_unless_ignored
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import everywhere_option, known
from ingest.cli.output import Output
from ingest.cli.scope import (
    ASK_FOR_ALL,
    find_project,
    moment,
    project_here,
    session_id,
)
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects import exports
from ingest.projects.git.read_repository import Git
from ingest.projects.journal import build
from ingest.projects.journal.commits import with_found_commits
from ingest.projects.journal.model import Journal
from ingest.projects.journal.write import (
    JournalFormat,
    WrittenJournal,
    day_file,
    default_path,
    parts,
    write,
)
from ingest.projects.safe_export import masked
from ingest.text import times
from ingest.text.numbers import pluralize

F = TypeVar("F", bound=Callable[..., Any])

_about: Final = (
    click.option(
        "--session",
        metavar="ID",
        shell_complete=known("session"),
        help="Journal of this session.",
    ),
    click.option(
        "--day",
        metavar="DAY",
        help="Journal of this day, of all projects: today, yesterday, 2026-11-21.",
    ),
    click.option(
        "--project",
        metavar="NAME",
        shell_complete=known("project"),
        help="Journal of this project; with --day, its part of that day.",
    ),
    everywhere_option,
    click.option(
        "--format",
        "form",
        type=click.Choice([item.value for item in JournalFormat]),
        default=JournalFormat.MARKDOWN.value,
        help="Markdown (the default), JSON, or one HTML file.",
    ),
)


@click.group(cls=Group)
def command() -> None:
    """A journal describes sessions for people who were not there: what was wanted, what came of it,
    decisions, failures and repairs, commits and files. `tailboard standup` is the short form.
    """


def _options(function: F) -> F:
    for option in reversed(_about):
        function = option(function)
    return function


def journal_of(
    invocation: Invocation,
    access: QueryReader,
    session: str | None,
    day: str | None,
    project: str | None,
    everywhere: bool,
) -> Journal:
    if session and (day or project):
        raise click.UsageError("--session names one session; leave out --day and --project.")
    rules = build.journal_rules(invocation.zone, invocation.settings.journal_turns)
    if session:
        return build.session_journal(access, session_id(access, session), rules)
    named = find_project(invocation, access, project)
    if not (named or day or everywhere):
        named = project_here(invocation, access, ASK_FOR_ALL)
    if project and not day:
        journal = build.project_journal(access, named or project, rules)
    else:
        journal = build.day_journal(
            access, chosen_day(invocation, access, day, named), rules, named
        )
    if not journal.entries:
        times = day if day in ("today", "yesterday") else day and f"on {day}"
        about = " ".join(filter(None, (times, named and f"in the project {named}")))
        raise NotFound(
            f"No session {about or 'was read yet'}.", "`tailboard sessions` lists the sessions."
        )
    return with_commits(invocation, journal)


def with_commits(invocation: Invocation, journal: Journal) -> Journal:
    """The journal with the commits that its repositories show."""
    return with_found_commits(journal, Git(invocation.env), masked)


def chosen_day(
    invocation: Invocation, access: QueryReader, text: str | None, project: str | None
) -> date:
    """The day that was named; by default the last one with any activity."""
    named = moment(invocation, text, "--day", times.since)
    if named is not None:
        return times.local_day(named, invocation.zone)
    newest = build.newest_day(access, project, invocation.zone)
    return newest or times.local_day(invocation.now, invocation.zone)


@command.command("show")
@_options
@with_invocation
def show(
    invocation: Invocation, session: str | None, day: str | None, project: str | None,
    everywhere: bool, form: str,
) -> None:  # fmt: skip
    """Print a journal; by default, of the last day with any activity in the project of this
    folder.

    Example: tailboard journal show --day yesterday
    """
    with open_for_reading(invocation) as access:
        journal = journal_of(invocation, access, session, day, project, everywhere)
    body = {"journal": journal, "written": []}

    def show(output: Output) -> None:
        for part in parts(journal, JournalFormat(form), invocation.zone):
            output.text(part)

    invocation.answer("journal", body, show)


@command.command("export")
@_options
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Output file or folder. Default: the folder `journals` beside the database.",
)
@click.option("--into", is_flag=True, help="Allow writing into a git repository.")
@with_invocation
def export(
    invocation: Invocation,
    session: str | None,
    day: str | None,
    project: str | None,
    everywhere: bool,
    form: str,
    out: Path | None,
    into: bool,
) -> None:
    """Write a journal to a file. Markdown is written between two markers; the rest of the file
    stays unchanged, so your own notes survive the next export.

    Example: tailboard journal export --day 2026-11-21 --project parser --out journal.md
    """
    with open_for_actions(invocation) as database:
        journal = journal_of(invocation, database, session, day, project, everywhere)
        below, path = _target(invocation, journal, JournalFormat(form), out)
        exports.check_target(path, into=into)
        written = write(journal, path, JournalFormat(form), invocation.zone, below=below)
        exports.record_exports(database, "journal", [path])
    warn_unless_ignored(invocation, path, [path])
    invocation.answer(
        "journal.export", {"written": [written]}, lambda output: _show_written(output, written)
    )


def _target(
    invocation: Invocation, journal: Journal, form: JournalFormat, out: Path | None
) -> tuple[Path, Path]:
    """The output folder and file."""
    if out is None:
        below = invocation.settings.db.parent
        return below, below / default_path(journal, form)
    target = out.expanduser().absolute()
    if target.is_dir() or not target.suffix:
        return target, target / default_path(journal, form).name
    return target.parent, target


def _show_written(output: Output, written: WrittenJournal) -> None:
    masked = f" {pluralize(written.redacted, 'secret')} masked." if written.redacted else ""
    output.line(f"Wrote {pluralize(written.sessions, 'session')} to {written.path}.{masked}")


command.add_command(
    auto_group(
        Kind.JOURNAL,
        "Write the journals of a project automatically, to `docs/ai-journal/YYYY-MM-DD.md` in it.",
        "journals",
        lambda invocation, folder: day_file(
            folder / exports.JOURNALS, times.local_day(invocation.now, invocation.zone)
        ),
    )
)
