"""The commits of sessions: which session made each. Runs git: never call this on the UI thread."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.projects.git.alignment import view_repository
from ingest.projects.git.anchor import Span, anchor_of
from ingest.projects.git.reachability import RECORDED
from ingest.projects.git.read_repository import Git
from ingest.projects.git.session_commits import SessionWork, commits_by_session
from ingest.projects.journal.importance import Weight, weight
from ingest.sessions.session import Session, label


class SessionCommit(Struct, frozen=True):
    """The fields of `commits --json`, in their order."""

    id: str
    at: datetime
    subject: str
    session: str
    title: str
    branch: str | None
    """The branch of the session."""
    project: str


def session_commits(
    rows: NamedQueries, sessions: Sequence[Session], git: Git, mask: Callable[[str], str]
) -> tuple[list[SessionCommit], list[str]]:
    """The commits of these sessions, the newest first; and why repositories cannot be read."""
    by_id = {session.id: session for session in sessions}
    view = view_repository(map(anchor_of, sessions), git)
    found = commits_by_session(session_works(rows, sessions), view)
    commits = [
        SessionCommit(
            commit.id,
            commit.committed,
            mask(commit.subject),
            id_,
            label(by_id[id_]),
            by_id[id_].branch,
            by_id[id_].project,
        )
        for id_, made in found.items()
        for commit in made
    ]
    commits.sort(key=lambda commit: (commit.at, commit.id), reverse=True)
    return commits, view.unread


def session_works(rows: NamedQueries, sessions: Iterable[Session]) -> list[SessionWork]:
    """What decides which commits are whose: what the output of these sessions names, and when they
    ran commands that commit."""
    homes: defaultdict[str, list[Session]] = defaultdict(list)
    for session in sessions:
        homes[session.home_id].append(session)
    named: defaultdict[str, list[str]] = defaultdict(list)
    committing: defaultdict[str, list[Span]] = defaultdict(list)
    for home, members in homes.items():
        ids = [session.id for session in members]
        for row in rows.rows("resume.commits", home=home, sessions=ids):
            who, at = row["session"], row["time"]
            named[who] += RECORDED.findall(row["output"] or "")
            if at is not None and weight(row["command"], row["status"]) is Weight.COMMITTED:
                committing[who].append((at, at + timedelta(seconds=row["seconds"] or 0)))
    return [
        SessionWork(
            anchor_of(session),
            session.parent_id is not None,
            tuple(named[session.id]),
            tuple(committing[session.id]),
        )
        for members in homes.values()
        for session in members
    ]
