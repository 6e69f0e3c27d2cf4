"""Commits and the sessions that made them; and ancestry, which both are based on."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.projects.git.anchor import Anchor, Span
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Ancestry, Commit, Repository
from ingest.projects.git.session_commits import commits_during, uncovered
from tests.build.repository import NOON, Repo, environment

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "sample")


def read(repo: Repo) -> tuple[Repository, Ancestry]:
    repository = Git(environment(repo.path)).read(str(repo.path))
    return repository, Ancestry(repository)


def subjects(commits: list[Commit]) -> list[str]:
    return [one.subject for one in commits]


def session(branch: str, *spans: Span) -> tuple[Anchor, list[Span]]:
    return Anchor("s", "/gone", branch, None, None, spans[0][0], spans[-1][1]), list(spans)


def at(repo: Repo, anchor: Anchor) -> Anchor:
    """The same session, in the folder of the repository."""
    return replace(anchor, cwd=str(repo.path / "src"))


def test_commits_made_while_a_session_ran_are_its_evidence(repo: Repo) -> None:
    repo.commit("before", NOON - HOUR)
    repo.commit("by hand before it", NOON - MINUTE)
    repo.commit("first", NOON + MINUTE)
    repo.commit("second", NOON + 2 * MINUTE)
    repo.commit("after", NOON + HOUR)
    anchor, spans = session("main", (NOON, NOON + 5 * MINUTE))
    repository, ancestry = read(repo)
    assert subjects(commits_during(anchor, spans, repository, ancestry)) == ["second", "first"]
    assert subjects(uncovered(repository, [at(repo, anchor)], ancestry)) == ["after"]


def test_a_commit_on_another_branch_is_no_evidence(repo: Repo) -> None:
    repo.commit("start", NOON - HOUR)
    repo.branch("side")
    repo.commit("elsewhere", NOON + MINUTE)
    repo.switch("main")
    anchor, spans = session("main", (NOON, NOON + 5 * MINUTE))
    repository, ancestry = read(repo)
    assert commits_during(anchor, spans, repository, ancestry) == []


def test_a_rebased_commit_is_recognised_by_its_author_date(repo: Repo) -> None:
    repo.commit("start", NOON - HOUR)
    repo.branch("side")
    repo.commit("work", NOON + MINUTE)
    repo.switch("main")
    repo.commit("meanwhile", NOON + 2 * HOUR)
    repo.switch("side")
    repo.git("rebase", "--quiet", "main", at=NOON + 3 * HOUR)
    anchor, spans = session("side", (NOON, NOON + 5 * MINUTE))
    repository, ancestry = read(repo)
    assert subjects(commits_during(anchor, spans, repository, ancestry)) == ["work"]
    assert subjects(uncovered(repository, [at(repo, anchor)], ancestry)) == ["meanwhile"]


def test_commits_of_a_merged_and_deleted_branch_are_still_evidence(repo: Repo) -> None:
    repo.commit("start", NOON - HOUR)
    repo.branch("side")
    repo.commit("work", NOON + MINUTE)
    repo.switch("main")
    repo.git("merge", "--quiet", "side")
    repo.git("branch", "--delete", "side")
    anchor, spans = session("side", (NOON, NOON + 5 * MINUTE))
    repository, ancestry = read(repo)
    assert subjects(commits_during(anchor, spans, repository, ancestry)) == ["work"]


def test_without_sessions_no_commit_is_reported_as_outside(repo: Repo) -> None:
    repo.commit("start")
    repository, ancestry = read(repo)
    assert uncovered(repository, [], ancestry) == []


def test_a_session_in_another_worktree_of_a_repository_covers_its_commits_too(repo: Repo) -> None:
    start = repo.commit("start", NOON - HOUR)
    repo.commit("of the other worktree", NOON + MINUTE)
    repo.commit("by hand", NOON + HOUR)
    repository, ancestry = read(repo)
    anchor, _ = session("side", (NOON, NOON + 5 * MINUTE))
    other = replace(anchor, commit=start)
    assert subjects(uncovered(repository, [other], ancestry)) == ["by hand"]
    elsewhere = replace(anchor, commit="e" * 40)
    assert uncovered(repository, [elsewhere], ancestry) == []


def test_each_branch_is_judged_separately(repo: Repo) -> None:
    start = repo.commit("start", NOON - HOUR)
    repo.branch("side")
    repo.commit("on the side", NOON + HOUR)
    repo.switch("main")
    repo.commit("on main", NOON + HOUR)
    repository, ancestry = read(repo)
    anchors = [replace(session("main", (NOON, NOON + 5 * MINUTE))[0], commit=start)]
    assert subjects(uncovered(repository, anchors, ancestry)) == ["on main"]
    assert subjects(uncovered(repository, anchors, ancestry, "side")) == ["on the side"]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Commits, each with parents among those before it."""
    size = draw(st.integers(1, 12))
    parents: dict[str, tuple[str, ...]] = {}
    for number in range(size):
        known = sorted(parents)
        chosen = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        parents[f"{number:02}"] = tuple(chosen)
    return parents


def ancestors(parents: dict[str, tuple[str, ...]], one: str) -> set[str]:
    return {one}.union(*(ancestors(parents, parent) for parent in parents[one]))


@given(histories(), st.data())
def test_ancestry_equals_following_the_parents(
    parents: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    one, other = (data.draw(st.sampled_from(sorted(parents))) for _ in range(2))
    commits = {
        name: Commit(name, parents[name], NOON, NOON, "", "")
        for name in sorted(parents, reverse=True)
    }
    ancestry = Ancestry(Repository("/", one, "main", {"side": other}, commits))
    mine, theirs = ancestors(parents, one), ancestors(parents, other)
    assert ancestry.contains(one, other) == (other in mine)
    assert ancestry.count_ahead(one, other) == len(mine - theirs)
    assert {commit.id for commit in ancestry.filter_contained(one, commits.values())} == mine
