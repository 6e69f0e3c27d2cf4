"""Adds to a journal the commits that the repository shows and no output named.

`git commit -q` prints nothing, so such a commit is found by the time it was made. Which commits are
a session's is decided as for `resume`, in `git/session_commits.py`.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from msgspec.structs import replace

from ingest.projects.git.alignment import view_repository
from ingest.projects.git.anchor import Anchor
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Commit
from ingest.projects.git.session_commits import commits_during
from ingest.projects.journal.entry import Mask
from ingest.projects.journal.importance import Weight, weight
from ingest.projects.journal.model import Journal, JournalCommit, JournalEntry

_DIGITS = 10
_SLACK = timedelta(seconds=2)
"""Git stores times in whole seconds, and a command may end a little after its commit."""


def with_found_commits(journal: Journal, git: Git, mask: Mask) -> Journal:
    """The journal with the commits that its repositories show. Runs git."""
    return add_commits(journal, find_commits(journal, git), mask)


def find_commits(journal: Journal, git: Git) -> dict[str, list[Commit]]:
    """The commits made while the sessions ran, by session, the oldest first.

    Each is one session's. Runs git: never call this on the UI thread.
    """
    anchors = {entry.session: _anchor(entry) for entry in journal.entries}
    view = view_repository(anchors.values(), git)
    claims: defaultdict[str, list[JournalEntry]] = defaultdict(list)
    commits: dict[str, Commit] = {}
    for entry in journal.entries:
        anchor, repository = anchors[entry.session], view.of(entry.session)
        if repository is not None and anchor.span is not None:
            for commit in commits_during(anchor, [anchor.span], *repository):
                commits[commit.id] = commit
                claims[commit.id].append(entry)
    found: defaultdict[str, list[Commit]] = defaultdict(list)
    for commit in sorted(commits.values(), key=lambda commit: commit.committed):
        found[_maker(commit, claims[commit.id], journal).session].append(commit)
    return dict(found)


def add_commits(journal: Journal, found: Mapping[str, list[Commit]], mask: Mask) -> Journal:
    entries = [
        replace(entry, commits=_merge(entry.commits, found[entry.session], mask))
        if entry.session in found
        else entry
        for entry in journal.entries
    ]
    return replace(journal, entries=entries)


def _anchor(entry: JournalEntry) -> Anchor:
    return Anchor(
        entry.session, entry.cwd, entry.branch, entry.commit, entry.repository, entry.started_at,
        entry.ended_at,
    )  # fmt: skip


def _maker(commit: Commit, claimants: list[JournalEntry], journal: Journal) -> JournalEntry:
    """The session whose output names the commit or that ran a committing command at its time; else
    the first one that is not an agent's."""
    for entry in journal.entries:
        if any(commit.id.startswith(named.sha) for named in entry.commits):
            return entry
    return min(claimants, key=lambda entry: (not _committed(entry, commit), bool(entry.parent)))


def _committed(entry: JournalEntry, commit: Commit) -> bool:
    return any(
        command.at is not None
        and command.at - _SLACK
        <= commit.committed
        <= command.at + timedelta(seconds=command.seconds or 0) + _SLACK
        and weight(command.command, command.status) is Weight.COMMITTED
        for turn in entry.turns
        for command in turn.commands
    )


def _merge(named: list[JournalCommit], found: list[Commit], mask: Mask) -> list[JournalCommit]:
    """The named commits, with their subject as git stores it, and the others."""
    commits = list(named)
    for commit in found:
        at = next((i for i, each in enumerate(commits) if commit.id.startswith(each.sha)), None)
        subject = mask(commit.subject)
        if at is None:
            commits.append(JournalCommit(commit.id[:_DIGITS], subject, commit.committed, None))
        else:
            commits[at] = replace(commits[at], subject=subject)
    return sorted(commits, key=lambda commit: commit.at.isoformat() if commit.at else "")
