"""`tailboard tasks show` and `history`: one task, and how it got its present state."""

from collections.abc import Iterator

import click

from ingest.cli.access import open_for_reading
from ingest.cli.checkout_state import checkout_state
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known
from ingest.cli.output import Cell, Output
from ingest.cli.task_listing import find_task, left_by, stated, touching
from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.edits import Imported, RecordedEdit, Undo, encode_edit
from ingest.projects.tasks.model import Appearance, Edge, EdgeKind, Origin, Task
from ingest.projects.tasks.revisions import Revision, RevisionStep, load_revisions
from ingest.projects.tasks.roadmap import in_order, recorded_edits
from ingest.text.times import ago, duration

_DROPPED = "dropped by the latest revision"
_WORDS = {
    EdgeKind.ORDER: ("after", "before"),
    EdgeKind.DEPENDS: ("waits for", "holds up"),
    EdgeKind.PART: ("part of", "consists of"),
}


@click.command("show", cls=Command)
@click.argument("id_", metavar="ID", shell_complete=known("task"))
@with_invocation
def one(invocation: Invocation, id_: str) -> None:
    """Show one task: state and reason, dependencies, evidence and notes.

    Example: tailboard tasks show 3fa9
    """
    with open_for_reading(invocation) as access:
        plan, task = find_task(invocation, access, id_)
    edges = touching(task, plan.edges)
    by_id = {other.id: other for other in plan.tasks}
    invocation.answer(
        "tasks.show",
        {"tasks": [task], "edges": edges},
        lambda output: _show(output, task, edges, by_id, invocation),
    )


def _show(
    output: Output,
    task: Task,
    edges: list[Edge],
    by_id: dict[str, Task],
    invocation: Invocation,
) -> None:
    output.line(task.id, stated(output, task))
    output.text(task.text, "  ")
    pairs: list[tuple[str, Cell]] = [
        ("from", task.origin),
        ("project", f"{task.project} ({task.branch})" if task.branch else task.project),
        ("session", task.session),
        ("other sessions", _others(task)),
        ("owner", task.owner),
        ("begun", ago(task.started_at, invocation.now) if task.started_at else None),
        ("ended", ago(task.ended_at, invocation.now) if task.ended_at else None),
        ("done", task.where),
        ("left", left_by(task, invocation.now) if task.left_at else None),
        ("worked on", duration(task.seconds)),
        ("revision", task.revision),
        ("plan", _DROPPED if task.origin is Origin.PLAN and not task.current else None),
    ]
    for edge in edges:
        forth = edge.source == task.id
        other = by_id.get(edge.target if forth else edge.source)
        if other is not None:
            link = f"{output.state(other.state).text} {other.id} {other.text}"
            pairs.append((_WORDS[edge.kind][forth], link))
    pairs += [("evidence", f"{proof.kind}: {proof.ref} ({proof.by})") for proof in task.evidence]
    pairs += [("note", note) for note in task.notes]
    output.fields([pair for pair in pairs if pair[1] not in (None, "")])


def _others(task: Task) -> str:
    return ", ".join(dict.fromkeys(one for one in task.sessions if one != task.session))


@click.command("history", cls=Command)
@click.argument("id_", metavar="ID", shell_complete=known("task"))
@with_invocation
def history(invocation: Invocation, id_: str) -> None:
    """Show the history of a task: each revision of its plan, and edits by people.

    Example: tailboard tasks history 3fa9
    """
    with open_for_reading(invocation) as access:
        plan, task = find_task(invocation, access, id_)
        course = _course(access, task)
        file = checkout_state(invocation, access, None)
        every = in_order([*recorded_edits(access), *(file.edits if file else [])])
    undone = {edit.edit.saying for edit in every if isinstance(edit.edit, Undo)}
    mine = [
        edit
        for edit in every
        if plan.id_of(edit.task) == task.id and not isinstance(edit.edit, Imported)
    ]
    body = {
        "tasks": [task],
        "revisions": [revision for _, revisions in course for revision in revisions],
        "said": [
            {
                "id": edit.id,
                "at": edit.at,
                "actor": edit.actor,
                "reason": edit.reason,
                "undone": edit.id in undone,
                **encode_edit(edit.edit),
            }
            for edit in mine
        ],
    }

    def show(output: Output) -> None:
        output.line(task.id, stated(output, task), task.text)
        for session, revisions in course:
            if len(task.appearances) > 1:
                output.line(_appeared(session))
            for revision in revisions:
                _tell(output, revision)
        for edit in mine:
            _show_edit(output, edit, undone=edit.id in undone)

    invocation.answer("tasks.history", body, show)


def _course(access: QueryReader, task: Task) -> list[tuple[Appearance, list[Revision]]]:
    """The sessions that list the task, each with the revisions of its plan that contain it."""
    return [(one, list(_revisions(access, one))) for one in task.appearances]


def _revisions(access: QueryReader, appearance: Appearance) -> Iterator[Revision]:
    for revision in load_revisions(access, appearance.session) if appearance.session else ():
        steps = [entry for entry in revision.steps if entry.id == appearance.id]
        removed = [entry for entry in revision.removed if entry.id == appearance.id]
        if steps or removed:
            yield Revision(revision.number, revision.at, revision.explanation, steps, removed)


def _appeared(appearance: Appearance) -> str:
    """The session of an appearance, and why it is the same task as the one before."""
    where = f"session {appearance.session}" if appearance.session else "added by a person"
    branch = f" on {appearance.branch}" if appearance.branch else ""
    why = f": {appearance.why}" if appearance.why else ""
    return f"{appearance.id} {where}{branch}{why}"


def _tell(output: Output, revision: Revision) -> None:
    for entry in (*revision.steps, *revision.removed):
        at = f"{revision.at:%Y-%m-%d %H:%M:%S}" if revision.at else ""
        output.line(at, f"revision {revision.number}:", output.state(entry.status), changed(entry))


def changed(entry: RevisionStep) -> str:
    """What changed in a step in this revision, in words."""
    words = [str(change) for change in entry.changes]
    description = ", ".join(words) or "as before"
    if entry.text_before is not None:
        description += f" (was “{entry.text_before}”)"
    return description


def _show_edit(output: Output, recorded: RecordedEdit, *, undone: bool) -> None:
    edit = encode_edit(recorded.edit)
    what = " ".join(str(value) for value in edit.values() if value is not None)
    taken = "(undone)" if undone else ""
    output.line(
        f"{recorded.at:%Y-%m-%d %H:%M:%S}", f"{recorded.actor}:", what, recorded.reason, taken
    )
