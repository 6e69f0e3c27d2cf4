"""What sessions did, in short: what was done, what is open, what failed. Pure.

The lines at the top of a journal and `standup` show it. A step has the state that its newest
session or a person gave it; a session without a plan counts as one step, its request.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from ingest.projects.journal.model import (
    FailureKind,
    Journal,
    JournalCommit,
    JournalEntry,
    JournalFailure,
)
from ingest.projects.roles.summaries import Written

_CLOSED = ("completed", "done")
_DROPPED = ("cancelled", "canceled", "abandoned")


class FailedWork(Struct, frozen=True):
    kind: FailureKind
    what: str
    """The command, the patch, or the request whose turn failed."""
    how: str


class Summary(Struct, frozen=True):
    """The fields of a project in `standup --json`, in their order."""

    project: str
    sessions: int
    """Without those of agents."""
    agents: int
    done: list[str]
    open: list[str]
    failed: list[FailedWork]
    """What failed and was not repaired, neither in its session nor in a later one."""
    commits: list[JournalCommit]
    files: int
    """The number of changed files."""
    summary: Written | None = None
    """What a person or a role wrote about the project, the one that counts."""


def summaries(journal: Journal) -> list[Summary]:
    """One for each project, by name."""
    by_project: defaultdict[str, list[JournalEntry]] = defaultdict(list)
    for entry in journal.entries:
        by_project[entry.project].append(entry)
    edited = {_key(each.question): each.state for each in journal.decisions if each.state}
    return [_summary(name, by_project[name], edited) for name in sorted(by_project)]


def _summary(project: str, entries: list[JournalEntry], edited: dict[str, str]) -> Summary:
    ids = {entry.session for entry in entries}
    own = [entry for entry in entries if entry.parent not in ids]
    states: dict[str, tuple[str, str]] = {}
    for entry in own:
        for text, state in _steps(entry):
            states[_key(text)] = text, state
    steps = [(text, edited.get(key, state)) for key, (text, state) in states.items()]
    return Summary(
        project,
        sum(entry.parent is None for entry in entries),
        sum(entry.parent is not None for entry in entries),
        [text for text, state in steps if state in _CLOSED],
        [text for text, state in steps if state not in (*_CLOSED, *_DROPPED)],
        list(dict.fromkeys(_unrepaired(entries))),
        [commit for entry in entries for commit in entry.commits],
        len({file.path for entry in entries for file in entry.files}),
    )


def _steps(entry: JournalEntry) -> Iterable[tuple[str, str]]:
    """The steps of the session with their states."""
    steps = [(goal.text, goal.status) for goal in entry.goals]
    if entry.plan is not None:
        steps += [(text, "done") for each in entry.plan.revisions for text in each.done]
        steps += [(step.text, step.status) for step in entry.plan.steps]
    return steps or [(entry.title, entry.outcome)]


def _unrepaired(entries: list[JournalEntry]) -> Iterable[FailedWork]:
    """What no session repaired."""
    succeeded: dict[str, datetime] = {}
    for entry in entries:
        for turn in entry.turns:
            for run in turn.commands:
                if run.status == "completed" and run.at:
                    succeeded[run.command] = max(run.at, succeeded.get(run.command, run.at))
    for entry in entries:
        for failure in last_failures(entry.failures):
            later = succeeded.get(failure.what)
            if not failure.repaired and not (later and failure.at and failure.at < later):
                what = entry.title if failure.kind is FailureKind.TURN else failure.what
                yield FailedWork(failure.kind, what, failure.how)


def last_failures(failures: Iterable[JournalFailure]) -> list[JournalFailure]:
    """The last failure of each thing, in their order."""
    return list({failure.what: failure for failure in failures}.values())


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
