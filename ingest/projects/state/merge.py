"""Compares a state file with the database, and resolves each difference. Pure.

Nothing in the database is lost: what a person added in the file is added; what a person changed is
applied, unless the database changed too since the file was written; what only the database has is
kept.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import ProjectError
from ingest.projects.identity import normal_remote
from ingest.projects.state.document import ProjectState, StateItem
from ingest.projects.tasks.apply_edits import closes_cycle
from ingest.projects.tasks.edits import Add, AddEvidence, Link, Note, Owner, Set, TaskEdit
from ingest.projects.tasks.model import Edge, EdgeKind, EvidenceKind, TaskState

EDITABLE: Final = ("state", "owner", "depends_on", "notes", "evidence")


class Resolution(StrEnum):
    APPLY = "apply"
    """The change in the file is applied."""
    KEPT = "kept"
    """The database is newer, or has something that the file lacks; it is kept."""
    CONFLICT = "conflict"
    """Both changed since the file was written; the database is kept."""
    REFUSED = "refused"
    """This cannot be changed by a file."""


class StateDifference(Struct, frozen=True):
    """One difference. The fields of `changes` in `state --json`, in their order."""

    task: str
    text: str
    what: str
    """`task`, `state`, `owner`, `depends_on`, `note`, `evidence`, `text`."""
    database: str | None
    file: str | None
    fate: Resolution
    edit: TaskEdit | None = None
    """The edit that applies the change."""


def item_digest(item: StateItem) -> str:
    """A digest of the editable fields: it differs if a person edited the item in the file."""
    said = [getattr(item, name) for name in EDITABLE]
    return blake2b(msgspec.json.encode(said), digest_size=4).hexdigest()


def changes(
    file: ProjectState,
    database: ProjectState,
    label: str | None = None,
    remotes: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[StateDifference]:
    """The differences, in the order of the file; then what the file lacks.

    `label` is that of the project, if another one has its name; `remotes` are the labels of all
    projects by remote; `names` former ids of tasks, each with the present one.
    """
    label = label or database.project
    _refuse_other_project(file, database, label, remotes or {})
    known = {one.id: one for one in (*database.goals, *database.tasks)}
    found: list[StateDifference] = []
    seen: set[str] = set()
    names = names or {}
    for written in (*file.goals, *file.tasks):
        item = replace(
            written,
            id=names.get(written.id or "", written.id),
            depends_on=[names.get(one, one) for one in written.depends_on],
        )
        here = known.get(item.id)
        if here is None:
            found += _added(item, database, known, label)
        else:
            seen.add(item.id or "")
            found += _differences(item, here, known)
    for id_, here in known.items():
        if id_ not in seen and id_ is not None:
            found.append(StateDifference(id_, here.text, "task", here.text, None, Resolution.KEPT))
    return list(_refuse_cycles(found, database))


def _refuse_other_project(
    file: ProjectState, database: ProjectState, label: str, remotes: Mapping[str, str]
) -> None:
    """Refuse the file of another project. The remote decides, if there is one: a colleague's folder
    may have another name, and another repository may have the same."""
    remote = normal_remote(file.repository)
    owner = remotes.get(remote or "")
    if owner == label:
        return
    has_remote = label in remotes.values()
    if owner is None and not (remote and has_remote) and file.project in (database.project, label):
        return
    named = f"{file.project} ({remote})" if remote and owner is None else owner or file.project
    raise ProjectError(
        f"The file is the state of {named}, not of {label}.",
        "`tailboard sessions` lists the projects; `--project NAME` names one.",
        code="state.project",
    )


def _refuse_cycles(
    found: list[StateDifference], database: ProjectState
) -> Iterator[StateDifference]:
    """Refuse links that would close a cycle together with the links before them."""
    edges = [
        Edge(one.source, one.target, EdgeKind.DEPENDS)
        for one in database.edges
        if one.kind == EdgeKind.DEPENDS
    ]
    for one in found:
        if not isinstance(one.edit, Link):
            yield one
        elif closes_cycle(edges, one.task, one.edit.to) is not None:
            yield replace(one, fate=Resolution.REFUSED, edit=None)
        else:
            edges.append(Edge(one.edit.to, one.task, EdgeKind.DEPENDS))
            yield one


def _added(
    item: StateItem, database: ProjectState, known: dict[str | None, StateItem], label: str
) -> Iterator[StateDifference]:
    # Derived from the text, so that importing the same file twice adds it once.
    key = f"{database.project}\0{item.text}".encode("utf-8", "surrogatepass")
    id_ = blake2b(key, digest_size=6).hexdigest()
    if item.mark is not None and item.origin != "person":
        yield StateDifference(
            item.id or "", item.text, "task", None, item.text, Resolution.REFUSED
        )  # From another database, or from files that no longer exist.
        return
    if id_ in known:
        if item.id is None:
            return
    else:
        edit = Add(item.text, label, item.branch)
        yield StateDifference(id_, item.text, "task", None, item.text, Resolution.APPLY, edit)
    fresh = StateItem(id=id_, text=item.text)
    yield from _field_changes(item, fresh, known, Resolution.APPLY)


def _differences(
    item: StateItem, here: StateItem, known: dict[str | None, StateItem]
) -> Iterator[StateDifference]:
    if item.text != here.text:
        yield StateDifference(
            here.id or "", here.text, "text", here.text, item.text, Resolution.REFUSED
        )
    edited = item.mark is None or item_digest(item) != item.mark
    moved = item.mark is not None and item.mark != here.mark
    fate = Resolution.APPLY
    if not edited:
        fate = Resolution.KEPT
    elif moved:
        fate = Resolution.CONFLICT
    yield from _field_changes(item, here, known, fate)


def _field_changes(
    item: StateItem, here: StateItem, known: dict[str | None, StateItem], fate: Resolution
) -> Iterator[StateDifference]:
    """The differences in editable fields; additions are applied whatever else changed."""
    id_ = here.id or ""
    more = Resolution.KEPT if fate is Resolution.KEPT else Resolution.APPLY

    def change(
        what: str, old: str | None, new: str | None, to: Resolution, edit: TaskEdit
    ) -> StateDifference:
        return StateDifference(
            id_, here.text, what, old, new, to, edit if to is Resolution.APPLY else None
        )

    if item.state != here.state:
        yield change("state", here.state, item.state, fate, Set(TaskState(item.state)))
    if item.owner != here.owner:
        yield change("owner", here.owner, item.owner, fate, Owner(item.owner))
    for note in item.notes:
        if note not in here.notes:
            yield change("note", None, note, more, Note(note))
    proofs = {(one.kind, one.ref) for one in here.evidence}
    for proof in item.evidence:
        if (proof.kind, proof.ref) not in proofs:
            yield change(
                "evidence",
                None,
                f"{proof.kind} {proof.ref}",
                more,
                AddEvidence(EvidenceKind(proof.kind), proof.ref),
            )
    for to in item.depends_on:
        if to not in here.depends_on:
            lost = to not in known or to == id_
            yield change("depends_on", None, to, Resolution.REFUSED if lost else more, Link(to))
    yield from _left_out(item, here)


def _left_out(item: StateItem, here: StateItem) -> Iterator[StateDifference]:
    """What only the database has: importing a file removes nothing."""
    for what, ours, theirs in (
        ("note", here.notes, item.notes),
        ("depends_on", here.depends_on, item.depends_on),
        (
            "evidence",
            [f"{one.kind} {one.ref}" for one in here.evidence],
            [f"{one.kind} {one.ref}" for one in item.evidence],
        ),
    ):
        for one in ours:
            if one not in theirs:
                yield StateDifference(here.id or "", here.text, what, one, None, Resolution.KEPT)
