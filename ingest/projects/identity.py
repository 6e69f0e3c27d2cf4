"""Which folders are one project: a project is a repository, else a folder. Pure.

Folders belong together if they share the directory of a repository (worktrees, subfolders), or
a remote (clones, also on other machines). A repository without a remote belongs to the one that
began with the same commit. A remote that Codex recorded and that the folder has no longer counts
only if the repository of today contains the commit recorded with it: else another repository took
the folder's place. The id of a project is its remote, else its first commit, else its folder, so
that it is the same on every machine. Its name is for people; where two names are the same, their
labels tell them apart. Users decide what cannot be determined (`ProjectEdits`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

UNKNOWN = "unknown"
_SCP = re.compile(r"(?:[^/@:]+@)?(?P<host>[^/:]+):(?!//)(?P<path>.+)\Z", re.DOTALL)
_URL = re.compile(
    r"(?:ssh|git|https?|git\+ssh)://(?:[^/@]*@)?(?P<host>\[[^\]/]*\]|[^/:]+)(?::\d+)?/(?P<path>.+)\Z",
    re.IGNORECASE | re.DOTALL,
)


class GitFolder(Struct, frozen=True):
    """What git says about a folder."""

    common: str
    """The directory that all worktrees of the repository share."""
    top: str | None
    """The top folder of the worktree; None in a bare repository."""
    remote: str | None = None
    """The remote `origin`, or the only one, as it is configured."""
    first: str | None = None
    """The oldest commit without parents; None if there is none, or if it is unknown (a shallow
    clone, a huge history)."""


class Folder(Struct, frozen=True):
    """A folder in which sessions worked, and the remote that they recorded there."""

    path: str
    recorded: str | None = None
    git: GitFolder | None = None
    """None if the folder is gone, or in no repository."""
    contains: bool = False
    """Whether today's repository contains a commit that was recorded with `recorded`."""


class Project(Struct, frozen=True):
    id: str
    name: str
    label: str
    """The name, with what tells it from others of the same name."""
    folder: str
    """Its main folder: the main worktree, else the folder nearest to the root."""
    keys: tuple[str, ...]
    """Everything it is known by: remotes, first commits, directories."""
    folders: tuple[Folder, ...]


class ProjectEdits(Struct, frozen=True):
    """What people decided. Projects are given by any of their keys."""

    names: dict[str, str] = {}
    merged: tuple[tuple[str, str], ...] = ()
    """Pairs of projects that are one."""
    split: frozenset[str] = frozenset()
    """Folders that are projects of their own, with what is in them."""


NO_EDITS: Final = ProjectEdits()


def group(folders: Iterable[Folder], edits: ProjectEdits = NO_EDITS) -> list[Project]:
    """The projects of these folders; the same in whatever order they come."""
    every = sorted(folders, key=lambda folder: (folder.path, folder.recorded or ""))
    tops = {folder.git.top: folder.git for folder in every if folder.git and folder.git.top}
    parent: dict[str, str] = {}
    keys = [_split(folder, edits) or _keys(folder, tops) for folder in every]
    for own in keys:
        for key in own:
            _join(parent, own[0], key)
    _join_by_first_commit(parent, every, keys)
    _join_merged(parent, every, keys, edits)
    members: dict[str, list[int]] = {}
    for place, own in enumerate(keys):
        members.setdefault(_find(parent, own[0]), []).append(place)
    projects = [
        _project([every[place] for place in places], [keys[place] for place in places], edits)
        for places in members.values()
    ]
    return _with_labels([_renamed(project, edits) for project in projects])


def normal_remote(remote: str | None) -> str | None:
    """A remote as `host/path`: the same for ssh and https. None for a path on this machine."""
    match = _URL.match(remote or "") or _SCP.match(remote or "")
    if match is None:
        return None
    path = match["path"].strip("/").removesuffix(".git").rstrip("/")
    return f"{match['host']}/{path}".casefold() if path else None


def _keys(folder: Folder, tops: dict[str, GitFolder]) -> list[str]:
    """What the folder is known by, the strongest first."""
    recorded, git = normal_remote(folder.recorded), folder.git
    if git is None and recorded is None:
        # A folder that is gone belongs to the repository that contained it.
        git = next(
            (tops[str(one)] for one in PurePath(folder.path).parents if str(one) in tops), None
        )
    remote = normal_remote(git.remote) if git else None
    if git is not None and recorded not in (None, remote) and not folder.contains:
        git = remote = None
    remotes = [one for one in dict.fromkeys((remote, recorded)) if one]
    if git is not None:
        return [*remotes, git.common]
    return remotes or [folder.path]


def _split(folder: Folder, edits: ProjectEdits) -> list[str]:
    """The nearest folder that was split off and contains this one."""
    path = PurePath(folder.path)
    return [str(one) for one in (path, *path.parents) if str(one) in edits.split][:1]


def _join_merged(
    parent: dict[str, str], every: list[Folder], keys: list[list[str]], edits: ProjectEdits
) -> None:
    known = {_commit(folder): own[0] for folder, own in _with_first(every, keys)}
    known |= {key: key for own in keys for key in own}
    for project, other in edits.merged:
        if project in known and other in known:
            _join(parent, known[project], known[other])


def _renamed(project: Project, edits: ProjectEdits) -> Project:
    # Later names come later.
    name = [new for key, new in edits.names.items() if key in project.keys][-1:]
    return replace(project, name=name[0]) if name else project


def _with_first(every: list[Folder], keys: list[list[str]]) -> Iterator[tuple[Folder, list[str]]]:
    """The folders whose repository counts and has a first commit."""
    for folder, own in zip(every, keys, strict=True):
        if folder.git is not None and folder.git.first and folder.git.common in own:
            yield folder, own


def _commit(folder: Folder) -> str:
    return f"commit:{folder.git.first}" if folder.git else ""


def _join_by_first_commit(
    parent: dict[str, str], every: list[Folder], keys: list[list[str]]
) -> None:
    """Join a repository without a remote to the only other one that began with its commit."""
    has_remote = {_find(parent, key) for own in keys for key in own if is_remote(key)}
    with_remote: dict[str, set[str]] = {}
    without: dict[str, list[str]] = {}
    for folder, own in _with_first(every, keys):
        project = _find(parent, own[0])
        if project in has_remote:
            with_remote.setdefault(_commit(folder), set()).add(project)
        else:
            without.setdefault(_commit(folder), []).append(project)
    for first, projects in without.items():
        for project in projects:
            _join(parent, projects[0], project)
        others = with_remote.get(first, set())
        # A fork and its origin began with the same commit: then it is neither.
        if len(others) == 1:
            _join(parent, others.pop(), projects[0])


def is_remote(key: str) -> bool:
    """Whether what a project is known by is a remote: no commit, and no folder on this machine."""
    return not key.startswith(("/", "\\")) and "/" in key


def _project(folders: list[Folder], keys: list[list[str]], edits: ProjectEdits) -> Project:
    every = list(dict.fromkeys(key for own in keys for key in own))
    first = dict.fromkeys(_commit(folder) for folder, _ in _with_first(folders, keys))
    remotes = [key for key in every if is_remote(key)]
    paths = [key for key in every if not is_remote(key)]
    split = [path for path in paths if path in edits.split]
    main = split[0] if split == every else _main_folder(folders)
    known = [*remotes, *first, *paths]
    return Project(known[0], _name(main, remotes), "", main, tuple(known), tuple(folders))


def _main_folder(folders: list[Folder]) -> str:
    """The main worktree if its repository is known, else the folder nearest to the root."""
    worktrees = [
        (_main_worktree(folder.git), normal_remote(folder.git.remote))
        for folder in folders
        if folder.git
    ]
    if worktrees:
        # Of several clones, the one with the name of the remote.
        return min(
            worktrees,
            key=lambda one: (
                PurePath(one[0]).name.casefold() != PurePath(one[1] or "").name,
                len(one[0]),
                one[0],
            ),
        )[0]
    return min((folder.path for folder in folders), key=lambda path: (len(path), path))


def _main_worktree(git: GitFolder) -> str:
    common = PurePath(git.common)
    if common.name == ".git":
        return str(common.parent)
    # The directory of a submodule is inside the one of the repository that contains it.
    return (".git" in common.parts and git.top) or git.common


def _name(folder: str, remotes: list[str]) -> str:
    name = PurePath(folder).name.removesuffix(".git")
    return name or (PurePath(remotes[0]).name if remotes else UNKNOWN)


def _with_labels(projects: list[Project]) -> list[Project]:
    """Each project with a label that no other one has."""
    same: dict[str, list[Project]] = {}
    for project in projects:
        same.setdefault(project.name.casefold(), []).append(project)
    labels = {
        project.id: label
        for others in same.values()
        for project, label in zip(others, _labels(others), strict=True)
    }
    return [replace(project, label=labels[project.id]) for project in projects]


def _labels(same: list[Project]) -> list[str]:
    """The shortest part of each folder's path that tells it from the others."""
    if len(same) == 1:
        return [same[0].name]
    parents = [PurePath(project.folder).parent.parts[::-1] for project in same]
    labels = []
    for project, own in zip(same, parents, strict=True):
        part = ""
        for depth in range(1, len(own) + 1):
            part = "/".join(reversed(own[:depth]))
            if Counter(other[:depth] for other in parents)[own[:depth]] == 1:
                break
        labels.append(f"{project.name} ({part})" if part else project.name)
    # Two of them may have had the same folder, one after the other.
    doubled = {label for label, count in Counter(labels).items() if count > 1}
    return [
        f"{project.name} ({project.id})" if label in doubled else label
        for project, label in zip(same, labels, strict=True)
    ]


def _find(parent: dict[str, str], key: str) -> str:
    while (above := parent.setdefault(key, key)) != key:
        parent[key] = parent[above]
        key = parent[key]
    return key


def _join(parent: dict[str, str], one: str, other: str) -> None:
    first, second = _find(parent, one), _find(parent, other)
    if first != second:
        parent[second] = first
