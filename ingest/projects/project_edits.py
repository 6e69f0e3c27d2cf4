"""What people decide about projects that git cannot know: names, merged and split projects.

An entry of the edit log has the verb `project` and one of these structs as its arguments; an entry
that cannot be decoded is ignored. Projects are named by id, so that an edit stays valid when their
labels change. `ProjectEdits` is what applies now; `identity.group` applies it. Pure.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.actions import RecordEdit
from ingest.db.query_reader import NamedQueries
from ingest.errors import ProjectError
from ingest.projects.identity import ProjectEdits

VERB: Final = "project"


class Rename(Struct, frozen=True, tag="rename", tag_field="do"):
    of: str
    name: str


class Merge(Struct, frozen=True, tag="merge", tag_field="do"):
    """The other project becomes a part of this one, and has its name."""

    of: str
    into: str
    name: str


class Split(Struct, frozen=True, tag="split", tag_field="do"):
    """The folder and what is in it become a project."""

    folder: str


class Undo(Struct, frozen=True, tag="undo", tag_field="do"):
    edit: str


ProjectEdit = Rename | Merge | Split | Undo
_decoder: Final = msgspec.json.Decoder(ProjectEdit)


class RecordedProjectEdit(Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    edit: ProjectEdit
    reason: str | None


def edit_action(edit: ProjectEdit, reason: str | None = None) -> RecordEdit:
    about: dict[str, Any] = {}
    if isinstance(edit, Split):
        about = {"folder": edit.folder}
    elif not isinstance(edit, Undo):
        about = {"project": edit.of}
    arguments: dict[str, Any] = msgspec.to_builtins(edit)
    return RecordEdit(verb=VERB, about=about, arguments=arguments, reason=reason)


def recorded_project_edits(rows: NamedQueries) -> list[RecordedProjectEdit]:
    """All edits of projects that were not undone, in the order they were made."""
    edits: list[RecordedProjectEdit] = []
    for row in rows.rows("projects.edits"):
        try:
            edit = _decoder.decode(row["arguments"])
        except msgspec.MsgspecError:
            continue
        edits.append(RecordedProjectEdit(row["id"], row["time"], row["actor"], edit, row["reason"]))
    undone = {one.edit.edit for one in edits if isinstance(one.edit, Undo)}
    return [one for one in edits if one.id not in undone and not isinstance(one.edit, Undo)]


def with_edit(recorded: list[RecordedProjectEdit], edit: ProjectEdit) -> list[ProjectEdit]:
    """These edits and one more, which may undo one of them."""
    if isinstance(edit, Undo):
        return [one.edit for one in recorded if one.id != edit.edit]
    return [*(one.edit for one in recorded), edit]


def effective(edits: Iterable[ProjectEdit]) -> ProjectEdits:
    """What these edits amount to."""
    names: dict[str, str] = {}
    merged: list[tuple[str, str]] = []
    split: list[str] = []
    for edit in edits:
        match edit:
            case Rename(of=project, name=name):
                # The last name wins, so it comes last.
                names.pop(project, None)
                names[project] = name
            case Merge(of=project, into=other, name=name):
                merged.append((project, other))
                names.pop(other, None)
                names[other] = name
            case Split(folder=folder):
                split.append(folder)
            case Undo():
                pass
    return ProjectEdits(names, tuple(merged), frozenset(split))


def undo(edits: list[RecordedProjectEdit], actor: str) -> RecordedProjectEdit:
    """The last edit of this person."""
    last = next((one for one in reversed(edits) if one.actor == actor), None)
    if last is None:
        raise ProjectError(
            f"Nothing to undo: {actor} has no project edit to undo.",
            "`tailboard project list` shows the projects.",
            code="nothing_to_undo",
        )
    return last
