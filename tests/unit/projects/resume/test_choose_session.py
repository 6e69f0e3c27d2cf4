"""Which session is chosen to continue, and the reason that is shown."""

from datetime import timedelta

from ingest.codex.liveness import SessionState
from ingest.projects.git.alignment import RepositoryView
from ingest.projects.git.reachability import Reached
from ingest.projects.git.repository import Ancestry, Commit, Repository
from ingest.projects.resume.choose_session import ChosenSession, choose_session
from ingest.sessions.session import Session
from tests.build.session import MORNING, session

OLD, MIDDLE, HEAD, SIDE = "a" * 40, "b" * 40, "c" * 40, "d" * 40


def commit(id_: str, *parents: str, minutes: int = -60) -> Commit:
    at = MORNING + timedelta(minutes=minutes)
    return Commit(id_, parents, at, at, "Dev", "")


def choose(
    *sessions: Session, branch: str | None = "main", merged: dict[str, Reached] | None = None
) -> ChosenSession:
    commits = [
        commit(HEAD, MIDDLE, minutes=2),
        commit(SIDE, OLD),
        commit(MIDDLE, OLD),
        commit(OLD),
    ]
    repository = Repository(
        "/r", HEAD, "main", {"main": HEAD, "side": SIDE}, {one.id: one for one in commits}
    )
    roots = {one.id: "/r" for one in sessions if one.cwd != "/gone"}
    kept = Ancestry(repository, [OLD, MIDDLE, HEAD, SIDE])
    latest_first = sorted(sessions, key=lambda one: one.last_at or MORNING, reverse=True)
    view = RepositoryView({}, roots, {"/r": (repository, kept)})
    known = merged or {}
    found = choose_session(
        latest_first, branch, view, lambda one: known.get(one.id, Reached(part=False))
    )
    assert found is not None
    return found


def test_the_session_at_the_current_commit_comes_before_later_ones() -> None:
    found = choose(
        session("head", minutes=30, branch="main", commit=HEAD),
        session("later", minutes=90, branch="main", commit=MIDDLE),
        session("latest", minutes=120, branch="side", commit=SIDE),
    )
    assert found.session.id == "head"
    assert found.because == "It is on main and began at cccccccc, where main is now."


def test_the_latest_of_several_such_sessions_is_chosen_with_that_reason() -> None:
    found = choose(
        session("one", minutes=30, branch="main", commit=HEAD),
        session("two", minutes=60, branch="main", commit=HEAD),
    )
    assert found.session.id == "two"
    assert found.because.endswith(", and the latest of 2 such sessions.")


def test_the_session_that_made_the_commit_fits_as_well_as_one_that_began_there() -> None:
    found = choose(
        session("made", minutes=0, branch="main", commit=OLD),
        session("later", minutes=90, branch="main", commit=MIDDLE),
    )
    assert found.session.id == "made"
    assert found.because == "It is on main and ran when cccccccc was committed."


def test_otherwise_the_nearest_session_of_the_branch_is_chosen() -> None:
    found = choose(
        session("near", minutes=30, branch="main", commit=MIDDLE),
        session("far", minutes=90, branch="main", commit=OLD),
        session("side", minutes=120, branch="side", commit=MIDDLE),
    )
    assert found.session.id == "near"
    assert found.because == (
        "It is on main and began closest to its current commit, 1 commit before cccccccc."
    )


def test_a_session_of_the_branch_comes_before_a_nearer_one_of_another() -> None:
    found = choose(
        session("lost", minutes=30, branch="main", commit="e" * 40),
        session("side", minutes=60, branch="side", commit=MIDDLE),
    )
    assert found.session.id == "lost"
    assert found.because == (
        "It is the latest on main; the branch no longer contains where it began."
    )


def test_without_a_session_of_the_branch_the_nearest_ancestor_is_chosen() -> None:
    found = choose(
        session("far", minutes=60, branch="old", commit=OLD),
        session("near", minutes=30, branch="old", commit=MIDDLE),
        session("side", minutes=90, branch="side", commit=SIDE),
    )
    assert found.session.id == "near"
    assert found.because == (
        "No session was on main; it began on old, at the nearest, 1 commit before cccccccc."
    )


def test_without_anything_to_compare_the_latest_session_is_chosen() -> None:
    found = choose(
        session("one", minutes=30, branch="x", cwd="/gone"),
        session("two", minutes=60, branch="y", cwd="/gone"),
    )
    assert found.session.id == "two"
    assert found.because == "No session was on main; it is the latest of the project."
    alone = choose(session("one", cwd="/gone"), branch=None)
    assert alone.because == "It is the latest of the project."


def test_agents_are_never_chosen_and_archived_sessions_last() -> None:
    found = choose(
        session("agent", minutes=90, branch="main", commit=HEAD, parent_id="kept"),
        session("archived", minutes=60, branch="main", commit=HEAD, archived=True),
        session("kept", minutes=30, branch="main", commit=HEAD),
    )
    assert found.session.id == "kept"
    assert choose_session([], "main", RepositoryView()) is None


def test_a_session_moved_by_the_user_counts_for_its_new_branch() -> None:
    sessions = (
        session("moved", minutes=30, branch="main", began_on="gone", commit=MIDDLE),
        session("other", minutes=60, branch="main", commit=OLD),
    )
    assert choose(*sessions).session.id == "moved"


def test_the_session_whose_work_was_merged_by_the_current_commit_is_chosen() -> None:
    merged = Reached(part=True, commit=HEAD, at=MORNING + timedelta(minutes=2))
    found = choose(
        session("planned", minutes=60, branch="main", commit=MIDDLE),
        session("finished", minutes=0, branch="side", commit=SIDE),
        merged={"finished": merged},
    )
    assert found.session.id == "finished"
    assert found.because == "It is on side, and its work came into main with cccccccc."


def test_commits_before_a_session_began_are_not_its_work() -> None:
    before = Reached(part=True, commit=HEAD, at=MORNING - timedelta(days=1))
    found = choose(
        session("main", minutes=0, branch="main", commit=MIDDLE),
        session("other", minutes=60, branch="side", commit=SIDE),
        merged={"other": before},
    )
    assert found.session.id == "main"


def test_a_running_session_is_only_chosen_if_the_branch_has_no_other() -> None:
    running = session("running", minutes=60, branch="main", commit=HEAD, state=SessionState.RUNNING)
    ended = session("ended", minutes=0, branch="main", commit=MIDDLE)
    elsewhere = session("elsewhere", minutes=30, branch="side", commit=SIDE)
    assert choose(running, ended, elsewhere).session.id == "ended"
    assert choose(running, elsewhere).session.id == "running"


def test_a_session_that_was_only_asked_to_continue_comes_after_another_of_the_same_commit() -> None:
    found = choose(
        session("work", minutes=0, branch="main", commit=HEAD, title="Fix the parser"),
        session("asked", minutes=60, branch="main", commit=HEAD, title="What is next?"),
    )
    assert found.session.id == "work"
