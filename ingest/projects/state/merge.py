"""Compares a state file with the database, and resolves each difference. Pure.

Nothing in the database is lost: what a person added in the file is added; what a person changed is
applied, unless the database changed too since the file was written; what only the database has is
kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import ProjectError
from ingest.projects.identity import normal_remote
from ingest.projects.state.document import Decided, ProjectState, StateItem
from ingest.projects.state.items import lists_digest
from ingest.projects.tasks.apply_edits import closes_cycle
from ingest.projects.tasks.edits import (
    Add,
    AddEvidence,
    Imported,
    Join,
    Link,
    Note,
    Owner,
    RecordedEdit,
    Set,
    TaskEdit,
    Undo,
    Unlink,
)
from ingest.projects.tasks.model import OBSERVED, Edge, EdgeKind, EvidenceKind, Origin, TaskState


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
    """`task`, `state`, `owner`, `depends_on`, `note`, `evidence`, `text`, `answer`."""
    database: str | None
    file: str | None
    fate: Resolution
    edit: TaskEdit | None = None
    """The edit that applies a change of the person who imports it."""
    by: str | None = None
    """Who made the change on another machine."""
    shared: RecordedEdit | None = None
    """Its edit, with its id and time."""
    answer: Decided | None = None
    """An answer to Codex, given on another machine."""


def changes(
    file: ProjectState,
    database: ProjectState,
    label: str | None = None,
    names: Mapping[str, str] | None = None,
) -> list[StateDifference]:
    """What a person changed in the file, in its order; then what the file lacks.

    `label` is that of the project, if another one has its name; `names` are former ids of tasks,
    each with the present one.
    """
    label = label or database.project
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
            found += _added(item, database, known, label, file.goals)
        else:
            seen.add(item.id or "")
            found += _differences(item, here, known)
    for id_, here in known.items():
        if id_ not in seen and id_ is not None:
            found.append(StateDifference(id_, here.text, "task", here.text, None, Resolution.KEPT))
    return found


def shared_changes(
    shared: list[RecordedEdit], database: ProjectState, file: ProjectState
) -> Iterator[StateDifference]:
    """What other machines added to the file."""
    items = (*database.goals, *database.tasks)
    here = {one.id: one for one in items} | {seen.id: one for one in items for seen in one.sessions}
    there = {seen.id: one for one in (*file.goals, *file.tasks) for seen in one.sessions}
    there |= {one.id or "": one for one in (*file.goals, *file.tasks)}
    added = {one.task: one.edit.text for one in shared if isinstance(one.edit, Add)}
    for one in shared:
        known, item = here.get(one.task), there.get(one.task)
        text = known.text if known else item.text if item else added.get(one.task, "")
        what, old, new = _words(one.edit, known)
        # A session's work is the work of whoever ran it, not of who imports it.
        by = None if isinstance(one.edit, Imported) else one.actor
        yield StateDifference(one.task, text, what, old, new, Resolution.APPLY, by=by, shared=one)


def answer_changes(answers: Iterable[Decided]) -> Iterator[StateDifference]:
    """Answers to Codex that were given on other machines."""
    for one in answers:
        yield StateDifference(
            "", one.about, "answer", None, one.said, Resolution.APPLY, by=one.by, answer=one
        )


def _words(edit: TaskEdit, here: StateItem | None) -> tuple[str, str | None, str | None]:
    """What an edit changes, the value here, and that of the edit."""
    match edit:
        case Imported(state=state, dropped=dropped):
            return "task", here.state if here else None, "dropped" if dropped else str(state)
        case Add(text):
            return "task", here.text if here else None, text
        case Set(state):
            return "state", here.state if here else None, str(state)
        case Owner(name):
            return "owner", here.owner if here else None, name
        case Note(text):
            return "note", None, text
        case AddEvidence(kind, ref):
            return "evidence", None, f"{kind} {ref}"
        case Link(to):
            return "depends_on", None, to
        case Unlink(to):
            return "depends_on", to, None
        case Join(to):
            return "task", None, f"joined with {to}"
        case _:
            return "task", None, str(edit.__struct_config__.tag)


def refuse_other_project(
    file: ProjectState,
    name: str,
    label: str,
    remotes: Mapping[str, str],
    *,
    of_checkout: bool = False,
) -> None:
    """Refuse the file of another project. The remote decides, if there is one: a colleague's folder
    may have another name, and another repository may have the same. `remotes` are the labels of all
    projects by remote. The file in a repository is that of its project, unless it names another
    one."""
    remote = normal_remote(file.repository)
    owner = remotes.get(remote or "")
    if owner == label or (owner is None and of_checkout):
        return
    has_remote = label in remotes.values()
    if owner is None and not (remote and has_remote) and file.project in (name, label):
        return
    named = f"{file.project} ({remote})" if remote and owner is None else owner or file.project
    raise ProjectError(
        f"The file is the state of {named}, not of {label}.",
        "`tailboard sessions` lists the projects; `--project NAME` names one.",
        code="state.project",
    )


def refuse_cycles(
    found: list[StateDifference], database: ProjectState
) -> Iterator[StateDifference]:
    """Refuse links that would close a cycle together with the links before them."""
    edges = [
        Edge(one.source, one.target, EdgeKind.DEPENDS)
        for one in database.edges
        if one.kind == EdgeKind.DEPENDS
    ]
    shared = [one.shared for one in found if one.shared is not None]
    undone = {one.edit.saying for one in shared if isinstance(one.edit, Undo)}
    for one in found:
        edit = one.shared.edit if one.shared else one.edit
        if not isinstance(edit, Link) or (one.shared and one.shared.id in undone):
            yield one
        elif closes_cycle(edges, one.task, edit.to) is not None:
            yield replace(one, fate=Resolution.REFUSED, edit=None, shared=None)
        else:
            edges.append(Edge(edit.to, one.task, EdgeKind.DEPENDS))
            yield one


def _added(
    item: StateItem,
    database: ProjectState,
    known: dict[str | None, StateItem],
    label: str,
    goals: list[StateItem],
) -> Iterator[StateDifference]:
    # Derived from the text, so that importing the same file twice adds it once.
    key = f"{database.project}\0{item.text}".encode("utf-8", "surrogatepass")
    id_ = blake2b(key, digest_size=6).hexdigest()
    if item.written is not None:
        # Written by Tailboard, and removed since: with an undo, or by the plan that listed it.
        yield StateDifference(item.id or "", item.text, "task", None, item.text, Resolution.KEPT)
        return
    if id_ in known:
        if item.id is None:
            return
    else:
        origin = Origin.GOAL if item in goals else Origin.PERSON
        edit = Add(item.text, label, item.branch, origin)
        yield StateDifference(id_, item.text, "task", None, item.text, Resolution.APPLY, edit)
    fresh = StateItem(id=id_, text=item.text)
    yield from _field_changes(item, fresh, known)


def _differences(
    item: StateItem, here: StateItem, known: dict[str | None, StateItem]
) -> Iterator[StateDifference]:
    if item.text != here.text:
        yield StateDifference(
            here.id or "", here.text, "text", here.text, item.text, Resolution.REFUSED
        )
    yield from _field_changes(item, here, known)


def _fate(name: str, item: StateItem, here: StateItem) -> Resolution:
    """The three-way merge of a field: what was written is the common base."""
    if item.written is None:
        return Resolution.APPLY
    base = getattr(item.written, name)
    if getattr(item, name) == base:
        return Resolution.KEPT
    return Resolution.APPLY if getattr(here, name) == base else Resolution.CONFLICT


def _field_changes(
    item: StateItem, here: StateItem, known: dict[str | None, StateItem]
) -> Iterator[StateDifference]:
    """The differences in editable fields. What a person added to a list is added."""
    id_ = here.id or ""
    edited = item.written is None or lists_digest(item) != item.written.lists
    more = Resolution.APPLY if edited else Resolution.KEPT

    def change(
        what: str, old: str | None, new: str | None, to: Resolution, edit: TaskEdit
    ) -> StateDifference:
        return StateDifference(
            id_, here.text, what, old, new, to, edit if to is Resolution.APPLY else None
        )

    if item.state != here.state:
        fate = _fate("state", item, here)
        yield change("state", here.state, item.state, fate, Set(TaskState(item.state)))
    if item.owner != here.owner:
        fate = _fate("owner", item, here)
        yield change("owner", here.owner, item.owner, fate, Owner(item.owner))
    for note in item.notes:
        if note not in here.notes:
            yield change("note", None, note, more, Note(note))
    proofs = {(one.kind, one.ref) for one in here.evidence}
    for proof in item.evidence:
        if (proof.kind, proof.ref) not in proofs and proof.by != OBSERVED:
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
            fate = Resolution.REFUSED if lost else more
            yield change("depends_on", None, to, fate, Link(to))
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
