"""The edits that people can make to tasks, one struct per edit, as the edit log stores them.

An entry of the log has the verb `task`, is about `{"task": id}`, and has one of these structs as
its arguments. An entry that cannot be decoded is ignored; it is not an error.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.actions import RecordEdit
from ingest.db.query_reader import Row
from ingest.projects.tasks.model import EvidenceKind, Origin, TaskState

VERB: Final = "task"


class Add(Struct, frozen=True, tag="add", tag_field="do"):
    text: str
    project: str
    branch: str | None = None
    origin: Origin = Origin.PERSON
    """A task, a goal or a milestone."""


class Set(Struct, frozen=True, tag="set", tag_field="do"):
    state: TaskState


class Link(Struct, frozen=True, tag="link", tag_field="do"):
    """Makes the task depend on another one."""

    to: str


class Unlink(Struct, frozen=True, tag="unlink", tag_field="do"):
    to: str


class Owner(Struct, frozen=True, tag="owner", tag_field="do"):
    name: str | None


class AddEvidence(Struct, frozen=True, tag="evidence", tag_field="do"):
    kind: EvidenceKind
    ref: str


class Note(Struct, frozen=True, tag="note", tag_field="do"):
    text: str


class Join(Struct, frozen=True, tag="join", tag_field="do"):
    """Makes the task and another one the same task."""

    to: str


class Part(Struct, frozen=True, tag="part", tag_field="do"):
    """Separates the appearance with this id from the other appearances of its task."""


class Reset(Struct, frozen=True, tag="reset", tag_field="do"):
    """Discards all earlier edits of the task."""


class Undo(Struct, frozen=True, tag="undo", tag_field="do"):
    saying: str
    """The id of the entry in the edit log that is undone."""


TaskEdit = Add | Set | Link | Unlink | Owner | AddEvidence | Note | Join | Part | Reset | Undo
_edit_decoder: Final = msgspec.json.Decoder(TaskEdit)


class RecordedEdit(Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    task: str
    edit: TaskEdit
    reason: str | None


def encode_edit(edit: TaskEdit) -> dict[str, Any]:
    """The edit as arguments of an entry in the edit log."""
    encoded: dict[str, Any] = msgspec.to_builtins(edit)
    return encoded


def edit_action(task: str, edit: TaskEdit, reason: str | None = None) -> RecordEdit:
    """The action that records the edit."""
    return RecordEdit(verb=VERB, about={"task": task}, arguments=encode_edit(edit), reason=reason)


def decode_edit(row: Row) -> RecordedEdit | None:
    """The edit in a row of the edit log; None if the row holds none."""
    try:
        about = msgspec.json.decode(row["about"], type=dict[str, Any])
        edit = _edit_decoder.decode(row["arguments"])
    except msgspec.MsgspecError:
        return None
    task = about.get("task")
    if not isinstance(task, str):
        return None
    return RecordedEdit(row["id"], row["time"], row["actor"], task, edit, row["reason"])


def effective_edits(every: list[RecordedEdit]) -> list[RecordedEdit]:
    """The edits that were neither undone nor followed by a reset; undo entries are left out."""
    undone = {edit.edit.saying for edit in every if isinstance(edit.edit, Undo)}
    remaining = [
        edit for edit in every if edit.id not in undone and not isinstance(edit.edit, Undo)
    ]
    reset_at = {
        edit.task: index for index, edit in enumerate(remaining) if isinstance(edit.edit, Reset)
    }
    return [
        edit
        for index, edit in enumerate(remaining)
        if isinstance(edit.edit, Add) or all(index > reset_at.get(id_, -1) for id_ in _about(edit))
    ]


def _about(edit: RecordedEdit) -> tuple[str, ...]:
    """The tasks whose reset discards the edit."""
    return (edit.task, edit.edit.to) if isinstance(edit.edit, Join) else (edit.task,)


def last_edit(every: list[RecordedEdit], actor: str) -> RecordedEdit | None:
    """The last edit by this person that was not undone yet."""
    undone = {edit.edit.saying for edit in every if isinstance(edit.edit, Undo)}
    mine = (
        edit
        for edit in reversed(every)
        if edit.actor == actor and edit.id not in undone and not isinstance(edit.edit, Undo)
    )
    return next(mine, None)
