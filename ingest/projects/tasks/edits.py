"""The edits that people can make to tasks, one struct per edit, as the edit log stores them.

An entry of the log has the verb `task`, is about `{"task": id}`, and has one of these structs as
its arguments. An entry that cannot be decoded is ignored; it is not an error.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.actions import RecordEdit, current_user
from ingest.db.query_reader import Row
from ingest.projects.tasks.model import EvidenceKind, Origin, TaskState

VERB: Final = "task"
_AGENT: Final = "agent of "
"""Begins the actor of an edit by an agent: no name of a user contains a blank."""


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


class Imported(Struct, frozen=True, kw_only=True, tag="imported", tag_field="do"):
    """What a state file says of a task in a session that this database does not have. The edit is
    about the id of that appearance; the newest one counts."""

    text: str
    project: str
    state: TaskState
    origin: Origin
    session: str
    branch: str | None = None
    at: datetime | None = None
    """When the session first listed it."""
    changed_at: datetime | None = None
    """When its state last changed."""
    seen_at: datetime | None = None
    """When the session was last active, as far as the file knew."""
    owner: str | None = None
    """A sub-agent's name."""
    evidence: list[tuple[EvidenceKind, str]] = []
    after: list[str] = []
    """The steps before it in its plan."""
    part_of: list[str] = []
    place: int = 0
    """The position among the tasks of the file, which are in the order of their plans."""
    dropped: bool = False
    """Whether the session no longer lists it."""


class Reset(Struct, frozen=True, tag="reset", tag_field="do"):
    """Discards all earlier edits of the task."""


class Undo(Struct, frozen=True, tag="undo", tag_field="do"):
    saying: str
    """The id of the entry in the edit log that is undone."""


TaskEdit = (
    Add | Set | Link | Unlink | Owner | AddEvidence | Note | Join | Part | Imported | Reset | Undo
)
_edit_decoder: Final = msgspec.json.Decoder(TaskEdit)


class RecordedEdit(Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    task: str
    edit: TaskEdit
    reason: str | None

    @property
    def by_agent(self) -> bool:
        return self.actor.startswith(_AGENT)


def agent_of(user: str) -> str:
    """The actor of the edits that an agent of this user makes."""
    return f"{_AGENT}{user}"


def encode_edit(edit: TaskEdit) -> dict[str, Any]:
    """The edit as arguments of an entry in the edit log."""
    encoded: dict[str, Any] = msgspec.to_builtins(edit)
    return encoded


def edit_action(
    task: str, edit: TaskEdit, reason: str | None = None, *, actor: str | None = None
) -> RecordEdit:
    """The action that records the edit, by default one of the current user."""
    return RecordEdit(
        actor=actor or current_user(),
        verb=VERB,
        about={"task": task},
        arguments=encode_edit(edit),
        reason=reason,
    )


def edit_elsewhere(recorded: RecordedEdit) -> RecordEdit:
    """The action that records an edit that was made on another machine: with its id, so that it is
    recorded once, with the name of who made it, and with its time."""
    return RecordEdit(
        id=recorded.id,
        actor=recorded.actor,
        verb=VERB,
        about={"task": recorded.task, "at": recorded.at.isoformat()},
        arguments=encode_edit(recorded.edit),
        reason=recorded.reason,
    )


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
    at = datetime.fromisoformat(about["at"]) if "at" in about else row["time"]
    return RecordedEdit(row["id"], at, row["actor"], task, edit, row["reason"])


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
        if isinstance(edit.edit, Add | Imported)
        or all(index > reset_at.get(id_, -1) for id_ in _about(edit))
    ]


def _about(edit: RecordedEdit) -> tuple[str, ...]:
    """The tasks whose reset discards the edit."""
    return (edit.task, edit.edit.to) if isinstance(edit.edit, Join) else (edit.task,)


def last_edit(every: list[RecordedEdit], actor: str) -> RecordedEdit | None:
    """The last edit by this person, or by an agent of theirs, that was not undone yet."""
    undone = {edit.edit.saying for edit in every if isinstance(edit.edit, Undo)}
    mine = (
        edit
        for edit in reversed(every)
        if edit.actor in (actor, agent_of(actor))
        and edit.id not in undone
        and not isinstance(edit.edit, Undo | Imported)
    )
    return next(mine, None)
