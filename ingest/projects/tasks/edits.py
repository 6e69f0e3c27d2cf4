"""What a person can say of a task, one struct a edit, as it is written down among the commands.

A saying has the verb `task`, is about `{"task": id}`, and its arguments are one of these. Reading
them back refuses nothing loudly: a line that is none is a sentence for the person, not an error.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.db.query_reader import Row
from ingest.projects.tasks.model import EvidenceKind, TaskState

VERB: Final = "task"


class Add(Struct, frozen=True, tag="add", tag_field="do"):
    text: str
    project: str
    branch: str | None = None


class Set(Struct, frozen=True, tag="set", tag_field="do"):
    state: TaskState


class Link(Struct, frozen=True, tag="link", tag_field="do"):
    """The task waits for another one."""

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


class Reset(Struct, frozen=True, tag="reset", tag_field="do"):
    """Back to what is derived: nothing said of the task before counts any more."""


class Undo(Struct, frozen=True, tag="undo", tag_field="do"):
    saying: str
    """The id of what is taken back."""


TaskEdit = Add | Set | Link | Unlink | Owner | AddEvidence | Note | Reset | Undo
_edit_decoder: Final = msgspec.json.Decoder(TaskEdit)


class RecordedEdit(Struct, frozen=True):
    """One edit of a person."""

    id: str
    at: datetime
    actor: str
    task: str
    edit: TaskEdit
    reason: str | None


def encode_edit(edit: TaskEdit) -> dict[str, Any]:
    """The edit as it is written down."""
    said: dict[str, Any] = msgspec.to_builtins(edit)
    return said


def decode_edit(row: Row) -> RecordedEdit | None:
    """A row of the commands as a edit; None where it is none."""
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
    """Those that were not taken back, and that no reset came after; undoing itself left out."""
    gone = {one.edit.saying for one in every if isinstance(one.edit, Undo)}
    kept = [one for one in every if one.id not in gone and not isinstance(one.edit, Undo)]
    afresh = {one.task: place for place, one in enumerate(kept) if isinstance(one.edit, Reset)}
    return [
        one
        for place, one in enumerate(kept)
        if isinstance(one.edit, Add) or place > afresh.get(one.task, -1)
    ]


def last_edit(every: list[RecordedEdit], actor: str) -> RecordedEdit | None:
    """What this person did last and did not take back yet."""
    gone = {one.edit.saying for one in every if isinstance(one.edit, Undo)}
    mine = (
        one
        for one in reversed(every)
        if one.actor == actor and one.id not in gone and not isinstance(one.edit, Undo)
    )
    return next(mine, None)
