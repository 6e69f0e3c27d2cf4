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
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for entry in journal.entries:
        ids[entry.project].add(entry.session)
    edited = {_key(each.question): each.state for each in journal.decisions if each.state}
    return [_summary(journal, name, ids[name], edited) for name in sorted(ids)]


def _summary(journal: Journal, project: str, ids: set[str], edited: dict[str, str]) -> Summary:
    states: dict[str, tuple[str, str]] = {}
    succeeded: dict[str, datetime] = {}
    failures: list[tuple[str, JournalFailure]] = []
    commits: list[JournalCommit] = []
    files: set[str] = set()
    sessions = agents = 0
    for entry in journal.entries:  # Looked at once: they are not in memory.
        if entry.project != project:
            continue
        if entry.parent not in ids:
            for text, state in _steps(entry):
                states[_key(text)] = text, state
        for turn in entry.turns:
            for run in turn.commands:
                if run.status == "completed" and run.at:
                    succeeded[run.command] = max(run.at, succeeded.get(run.command, run.at))
        failures += [(entry.title, each) for each in last_failures(entry.failures)]
        commits += entry.commits
        files.update(file.path for file in entry.files)
        sessions += entry.parent is None
        agents += entry.parent is not None
    steps = [(text, edited.get(key, state)) for key, (text, state) in states.items()]
    return Summary(
        project,
        sessions,
        agents,
        [text for text, state in steps if state in _CLOSED],
        [text for text, state in steps if state not in (*_CLOSED, *_DROPPED)],
        list(dict.fromkeys(_unrepaired(failures, succeeded))),
        commits,
        len(files),
    )


def _steps(entry: JournalEntry) -> Iterable[tuple[str, str]]:
    """The steps of the session with their states."""
    steps = [(goal.text, goal.status) for goal in entry.goals]
    if entry.plan is not None:
        steps += [(text, "done") for each in entry.plan.revisions for text in each.done]
        steps += [(step.text, step.status) for step in entry.plan.steps]
    return steps or [(entry.title, entry.outcome)]


def _unrepaired(
    failures: list[tuple[str, JournalFailure]], succeeded: dict[str, datetime]
) -> Iterable[FailedWork]:
    """What no session repaired. `failures`: with the titles of their sessions; `succeeded`: when
    which command succeeded last."""
    for title, failure in failures:
        later = succeeded.get(failure.what)
        if not failure.repaired and not (later and failure.at and failure.at < later):
            what = title if failure.kind is FailureKind.TURN else failure.what
            yield FailedWork(failure.kind, what, failure.how)


def last_failures(failures: Iterable[JournalFailure]) -> list[JournalFailure]:
    """The last failure of each thing, in their order."""
    return list({failure.what: failure for failure in failures}.values())


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
