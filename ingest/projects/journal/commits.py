"""Adds to a journal the commits that the repository shows and no output named.

`git commit -q` prints nothing, so such a commit is found by the time it was made. Which commits are
a session's is decided as for `resume`, in `git/session_commits.py`.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from msgspec.structs import replace

from ingest.projects.git.alignment import view_repository
from ingest.projects.git.anchor import Anchor, Span
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Commit
from ingest.projects.git.session_commits import SessionWork, commits_by_session
from ingest.projects.journal.entries import Entries
from ingest.projects.journal.entry import Mask
from ingest.projects.journal.importance import Weight, weight
from ingest.projects.journal.model import Journal, JournalCommit, JournalEntry
from ingest.text.hashes import short_hash


def with_found_commits(journal: Journal, git: Git, mask: Mask) -> Journal:
    """The journal with the commits that its repositories show. Runs git."""
    return add_commits(journal, find_commits(journal, git), mask)


def find_commits(journal: Journal, git: Git) -> dict[str, list[Commit]]:
    """The commits made while the sessions ran, by session, the oldest first.

    Each is one session's. Runs git: never call this on the UI thread.
    """
    works = [
        SessionWork(
            _anchor(entry),
            entry.parent is not None,
            tuple(commit.sha for commit in entry.commits),
            tuple(_committing(entry)),
        )
        for entry in journal.entries
    ]
    return commits_by_session(works, view_repository((work.anchor for work in works), git))


def add_commits(journal: Journal, found: Mapping[str, list[Commit]], mask: Mask) -> Journal:
    if not found:
        return journal
    return replace(
        journal,
        entries=Entries(
            replace(entry, commits=_merge(entry.commits, found[entry.session], mask))
            if entry.session in found
            else entry
            for entry in journal.entries
        ),
    )


def _anchor(entry: JournalEntry) -> Anchor:
    return Anchor(
        entry.session, entry.cwd, entry.branch, entry.commit, entry.repository, entry.started_at,
        entry.ended_at,
    )  # fmt: skip


def _committing(entry: JournalEntry) -> Iterable[Span]:
    for turn in entry.turns:
        for run in turn.commands:
            # Looking for a word first: most commands are none of git.
            if (
                run.at is not None
                and "commit" in run.command
                and weight(run.command, run.status) is Weight.COMMITTED
            ):
                yield run.at, run.at + timedelta(seconds=run.seconds or 0)


def _merge(named: list[JournalCommit], found: list[Commit], mask: Mask) -> list[JournalCommit]:
    """The named commits, with their subject as git stores it, and the others."""
    commits = list(named)
    for commit in found:
        at = next((i for i, each in enumerate(commits) if commit.id.startswith(each.sha)), None)
        subject = mask(commit.subject)
        if at is None:
            commits.append(JournalCommit(short_hash(commit.id), subject, commit.committed, None))
        else:
            commits[at] = replace(commits[at], sha=short_hash(commit.id), subject=subject)
    return sorted(commits, key=lambda commit: commit.at.isoformat() if commit.at else "")
