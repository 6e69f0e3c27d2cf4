"""Where the commit at which a session began stands in what is checked out: for the filter `at:here`
of a search, and for its hits.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.errors import GitFailed
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Ancestry
from ingest.sessions.search.query import Query
from ingest.sessions.search.search import SearchResult


class CommitAnchor(StrEnum):
    REACHABLE = "reachable"
    """HEAD contains the commit."""
    ELSEWHERE = "elsewhere"
    """Another branch contains it."""
    GONE = "gone"
    """The repository does not contain it."""


def load_anchors_here(
    rows: NamedQueries, project: str | None, folder: Path, env: Mapping[str, str]
) -> dict[str, CommitAnchor]:
    """The sessions of the project of this folder, by id, without those of which nothing is known.
    Empty outside of a repository."""
    sessions = {row["id"]: row["commit"] for row in rows.rows("search.commits", project=project)}
    git = Git(env)
    try:
        root = git.root(str(folder))
        if root is None or not sessions:
            return {}
        repository = git.read(root, sessions.values())
    except GitFailed:
        return {}
    ancestry = Ancestry(repository)
    found: dict[str, CommitAnchor] = {}
    for session, commit in sessions.items():
        if repository.head and ancestry.contains(repository.head, commit):
            found[session] = CommitAnchor.REACHABLE
        elif commit in repository.commits:
            found[session] = CommitAnchor.ELSEWHERE
        elif commit in repository.lost:
            found[session] = CommitAnchor.GONE
    return found


def narrowed_to_here(query: Query, anchors: Mapping[str, CommitAnchor]) -> Query:
    """The query, limited by `at:here` to the sessions whose commit HEAD contains."""
    if not query.here:
        return query
    reachable = [id_ for id_, at in anchors.items() if at is CommitAnchor.REACHABLE]
    return replace(query, within=tuple(reachable))


def with_anchors(result: SearchResult, anchors: Mapping[str, CommitAnchor]) -> SearchResult:
    """The hits, each with where the commit of its session stands, as far as that is known."""
    if not anchors:
        return result
    hits = [replace(hit, anchor=anchors.get(hit.session)) for hit in result.hits]
    return replace(result, hits=hits)
