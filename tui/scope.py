"""What the screens are about: everything, one project, one worktree of it, or what everybody in
the team shares. Pure.

`\\` changes it, the header shows it, and every screen that lists sessions or tasks follows it.
"""

from enum import StrEnum
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from ingest.sessions.session import Session


class ScopeKind(StrEnum):
    EVERYTHING = "everything"
    PROJECT = "project"
    WORKTREE = "worktree"
    TEAM = "team"


class Place(Struct, frozen=True):
    """Where the session under the cursor works."""

    project: str
    folder: str | None = None


class ScreenScope(Struct, frozen=True):
    kind: ScopeKind = ScopeKind.EVERYTHING
    place: Place | None = None

    @property
    def project(self) -> str | None:
        return self.place.project if self.place is not None else None

    @property
    def folder(self) -> str | None:
        """The worktree, unless it is about more."""
        if self.kind is not ScopeKind.WORKTREE or self.place is None:
            return None
        return self.place.folder

    @property
    def label(self) -> str:
        """Empty for everything."""
        if self.kind is ScopeKind.TEAM:
            return "team"
        if self.place is None:
            return ""
        path = PurePath(self.place.folder or "")
        # Codex names the folders of its own worktrees after the project, in one with an id.
        folder = "/".join(path.parts[-2:]) if "worktrees" in path.parts[-3:-2] else path.name
        is_folder = self.kind is ScopeKind.WORKTREE and folder
        return f"in {self.place.project}" + (f" · {folder}/" if is_folder else "")

    def has(self, session: Session) -> bool:
        if self.place is None:
            return True
        if session.project != self.place.project:
            return False
        return self.folder is None or is_below(session.cwd or "", self.folder)


EVERYTHING: Final = ScreenScope()
TEAM: Final = ScreenScope(ScopeKind.TEAM)
TEAM_MODES: Final = ("board", "tasks", "search", "insights")
"""The main screens that can show what the team shares."""


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def next_scope(scope: ScreenScope, place: Place | None, *, team: bool = False) -> ScreenScope:
    """From everything to the project of this place, to its worktree, to the team if it is offered,
    and to everything again.
    """
    last = TEAM if team else EVERYTHING
    if scope.kind is ScopeKind.EVERYTHING:
        return last if place is None else ScreenScope(ScopeKind.PROJECT, place)
    if scope.kind is ScopeKind.PROJECT and scope.place is not None:
        same = place is not None and place.project == scope.place.project
        place = place if same else scope.place
        if place is not None and place.folder:
            return ScreenScope(ScopeKind.WORKTREE, place)
        return last
    return last if scope.kind is ScopeKind.WORKTREE else EVERYTHING
