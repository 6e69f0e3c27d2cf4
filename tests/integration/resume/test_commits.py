"""`tailboard state commits`, and commits in a resume: made while no session ran."""

from datetime import timedelta

import pytest

from tests.build import Rollout
from tests.integration.queue.test_with_an_owner import following
from tests.integration.resume.conftest import Project


@pytest.fixture
def by_hand(project: Project, left: Rollout) -> Project:
    """Two commits after the last session, one with a secret and a control sequence in its
    message."""
    project.repo.commit("Tidy by hand", project.now + timedelta(hours=1))
    token = "gh" + "p_" + "x1Y2" * 9
    project.repo.commit(f"Remove \x1b[31m {token}", project.now + timedelta(hours=2))
    project.read()
    return project


def test_commits_that_no_session_covers_are_listed_the_newest_first(by_hand: Project) -> None:
    found = by_hand.cli.json("state", "commits")
    assert (found["paths"], found["changes"]) == ([], [])
    secret, tidy = found["commits"]
    assert (tidy["subject"], tidy["author"], tidy["branch"]) == ("Tidy by hand", "Dev", "main")
    assert tidy["repository"] == str(by_hand.repo.path)
    assert secret["subject"].endswith("[secret: github-token]")
    result = by_hand.cli.run("state", "commits", "--limit", "1")
    assert (result.code, "Tidy" in result.out, "\x1b" in result.out) == (0, False, False)
    assert "2 commits that no session covers." in result.err


def test_commits_can_be_filtered_by_time_branch_and_project(
    by_hand: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*more: str) -> list[str]:
        return [one["subject"] for one in by_hand.cli.json("state", "commits", *more)["commits"]]

    since = (by_hand.now + timedelta(minutes=90)).isoformat()
    assert len(asked("--since", since)) == 1
    assert asked("--until", since) == ["Tidy by hand"]
    assert asked("--branch", "nowhere") == []
    monkeypatch.chdir("/")
    assert len(asked("--project", "parser")) == 2
    assert by_hand.cli.run("state", "commits").code == 1
    assert by_hand.cli.run("state", "commits", "--project", "nothing").code == 1


def test_resume_shows_commits_since_its_session_began(by_hand: Project) -> None:
    found = by_hand.cli.json("resume")
    assert [one["subject"] for one in found["commits"]] == ["Decode as UTF-8"]
    assert [one["subject"] for one in found["uncovered"]][1] == "Tidy by hand"
    brief = by_hand.cli.run("resume").out
    assert "## Commits since then, by no session (2)\n" in brief
    assert " Tidy by hand · Dev · " in brief


def test_commits_are_the_same_through_the_owner(by_hand: Project) -> None:
    alone = by_hand.cli.json("state", "commits")
    with following(by_hand.cli):
        assert by_hand.cli.json("state", "commits") == alone


def test_without_git_commits_are_reported_as_unreadable(by_hand: Project) -> None:
    by_hand.cli.env["PATH"] = "/nowhere"
    answer = by_hand.cli.run("state", "commits")
    assert answer.code == 1
    assert "No repository of project" in answer.err
