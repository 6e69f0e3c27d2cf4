"""Which folders are one project."""

import random

import pytest

from ingest.projects.identity import (
    NO_EDITS,
    Folder,
    GitFolder,
    ProjectEdits,
    group,
    normal_remote,
)

URL = "https://git.example.invalid/acme/ledger.git"


def git(
    common: str, top: str | None = None, remote: str | None = None, first: str | None = None
) -> GitFolder:
    return GitFolder(common, top or common.removesuffix("/.git"), remote, first)


def named(folders: list[Folder], edits: ProjectEdits = NO_EDITS) -> dict[str, list[str]]:
    return {one.label: [folder.path for folder in one.folders] for one in group(folders, edits)}


def test_two_repositories_with_one_name_are_two_projects_with_different_labels() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", first="a")),
        Folder("/w/other/ledger", git=git("/w/other/ledger/.git", first="b")),
    ]
    assert named(folders) == {"ledger (w)": ["/w/ledger"], "ledger (other)": ["/w/other/ledger"]}


def test_labels_grow_until_they_differ() -> None:
    assert named([Folder("/a/x/lib"), Folder("/b/x/lib"), Folder("/c/y/lib")]) == {
        "lib (a/x)": ["/a/x/lib"],
        "lib (b/x)": ["/b/x/lib"],
        "lib (y)": ["/c/y/lib"],
    }


def test_worktrees_and_subfolders_belong_to_their_repository() -> None:
    folders = [
        Folder("/w/ledger/src/api", git=git("/w/ledger/.git")),
        Folder("/w/ledger-fix", git=git("/w/ledger/.git", "/w/ledger-fix")),
        Folder("/w/ledger", git=git("/w/ledger/.git")),
    ]
    (project,) = group(folders)
    assert (project.name, project.folder, project.id) == ("ledger", "/w/ledger", "/w/ledger/.git")


def test_clones_with_one_remote_are_one_project_whatever_the_protocol() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", remote=URL)),
        Folder("/v/books", git=git("/v/books/.git", remote="git@git.example.invalid:acme/ledger")),
        Folder(
            "/home/colleague/ledger", recorded="ssh://git@git.example.invalid:22/acme/ledger.git"
        ),
    ]
    (project,) = group(folders)
    assert project.id == "git.example.invalid/acme/ledger"


def test_a_copy_without_a_remote_joins_the_repository_that_began_with_the_same_commit() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", remote=URL, first="a")),
        Folder("/v/copy", git=git("/v/copy/.git", first="a")),
    ]
    assert len(group(folders)) == 1


def test_a_fork_is_another_project_and_a_copy_of_both_is_neither() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", remote=URL, first="a")),
        Folder(
            "/w/fork", git=git("/w/fork/.git", remote="git@example.invalid:me/ledger", first="a")
        ),
        Folder("/w/copy", git=git("/w/copy/.git", first="a")),
    ]
    assert [len(one.folders) for one in group(folders)] == [1, 1, 1]


def test_a_moved_repository_stays_the_same_project() -> None:
    folders = [
        Folder("/w/old", git=git("/w/old/.git", first="a")),  # Seen before it was moved.
        Folder("/w/new", git=git("/w/new/.git", first="a")),
    ]
    (project,) = group(folders)
    assert project.id == "commit:a"


def test_a_folder_that_is_gone_belongs_to_the_repository_that_contained_it() -> None:
    folders = [
        Folder("/w/ledger/old/part"),
        Folder("/w/ledger", git=git("/w/ledger/.git")),
    ]
    assert len(group(folders)) == 1


def test_a_folder_without_git_is_a_project_of_its_own() -> None:
    assert named([Folder("/tmp/a"), Folder("/tmp/a/b")]) == {"a": ["/tmp/a"], "b": ["/tmp/a/b"]}


def test_a_repository_that_took_the_place_of_another_does_not_take_its_sessions() -> None:
    old, new = "git@example.invalid:me/old", "git@example.invalid:me/new"
    folders = [
        Folder("/w/app", recorded=old, git=git("/w/app/.git", remote=new)),
        Folder("/w/app", recorded=new, git=git("/w/app/.git", remote=new), contains=True),
    ]
    assert {one.id for one in group(folders)} == {
        "example.invalid/me/old",
        "example.invalid/me/new",
    }


def test_a_repository_whose_remote_moved_keeps_its_sessions() -> None:
    old, new = "git@example.invalid:me/old", "git@example.invalid:me/new"
    folders = [Folder("/w/app", recorded=old, git=git("/w/app/.git", remote=new), contains=True)]
    (project,) = group(folders)
    assert project.id == "example.invalid/me/new"
    assert "example.invalid/me/old" in project.keys


def test_a_submodule_is_a_project_of_its_own_with_the_name_of_its_folder() -> None:
    folders = [
        Folder("/w/app", git=git("/w/app/.git")),
        Folder("/w/app/vendor/lib", git=git("/w/app/.git/modules/vendor/lib", "/w/app/vendor/lib")),
    ]
    assert named(folders) == {"app": ["/w/app"], "lib": ["/w/app/vendor/lib"]}


def test_users_rename_merge_and_split_projects() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", first="a")),
        Folder("/w/ledger/api/src", git=git("/w/ledger/.git", first="a")),
        Folder("/w/parser", git=git("/w/parser/.git", remote=URL)),
    ]
    edits = ProjectEdits({"commit:a": "books"}, (), frozenset({"/w/ledger/api"}))
    assert named(folders, edits) == {
        "books": ["/w/ledger"], "api": ["/w/ledger/api/src"], "parser": ["/w/parser"],
    }  # fmt: skip
    merged = ProjectEdits(merged=(("commit:a", "git.example.invalid/acme/ledger"), ("x", "y")))
    (project,) = group(folders, merged)
    assert project.id == "git.example.invalid/acme/ledger"
    assert "commit:a" in project.keys


def test_the_projects_do_not_depend_on_the_order_of_the_folders() -> None:
    folders = [
        Folder("/w/ledger", git=git("/w/ledger/.git", remote=URL, first="a")),
        Folder("/w/ledger/src", recorded=URL),
        Folder("/v/copy", git=git("/v/copy/.git", first="a")),
        Folder("/v/gone", recorded="git@git.example.invalid:Acme/Ledger.git"),
        Folder("/x/ledger"),
        Folder("/y/one", git=git("/y/one/.git", first="b")),
        Folder("/y/two", git=git("/y/two/.git", first="b")),
    ]
    expected = {(one.id, one.label, one.folder, frozenset(one.keys)) for one in group(folders)}
    for seed in range(50):
        random.Random(seed).shuffle(folders)
        every = {(one.id, one.label, one.folder, frozenset(one.keys)) for one in group(folders)}
        assert every == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://user:token@Example.invalid/A/B.git/", "example.invalid/a/b"),
        ("ssh://git@example.invalid:2222/a/b", "example.invalid/a/b"),
        ("git@example.invalid:a/b.git", "example.invalid/a/b"),
        ("example.invalid:b", "example.invalid/b"),
        ("https://[::1]:8080/a.git", "[::1]/a"),
        ("/srv/git/a.git", None),
        ("../a", None),
        ("file:///srv/a", None),
        ("https://example.invalid/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_remote_is_compared_by_host_and_path(remote: str | None, expected: str | None) -> None:
    assert normal_remote(remote) == expected
