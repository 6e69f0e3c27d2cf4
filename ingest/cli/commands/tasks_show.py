"""`tailboard tasks show` and `history`: one task, and how it got its present state."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known
from ingest.cli.output import Cell, Output
from ingest.cli.task_listing import everything, named, stated, touching
from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.edits import RecordedEdit, Undo, encode_edit
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Task
from ingest.projects.tasks.revisions import Revision, RevisionStep, load_revisions
from ingest.projects.tasks.roadmap import recorded_edits
from ingest.text.times import ago, duration

_DROPPED = "dropped by the latest revision"
_WORDS = {
    EdgeKind.ORDER: ("after", "before"),
    EdgeKind.DEPENDS: ("waits for", "holds up"),
    EdgeKind.PART: ("part of", "consists of"),
    EdgeKind.CONTINUED: ("continues", "continued in"),
}


@click.command("show", cls=Command)
@click.argument("id_", metavar="ID", shell_complete=known("task"))
@with_invocation
def one(invocation: Invocation, id_: str) -> None:
    """Show one task: state and reason, dependencies, evidence and notes.

    Example: tailboard tasks show 3fa9
    """
    with open_for_reading(invocation) as access:
        plan = everything(invocation, access)
    task = named(plan.tasks, id_)
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
        ("owner", task.owner),
        ("begun", ago(task.started_at, invocation.now) if task.started_at else None),
        ("ended", ago(task.ended_at, invocation.now) if task.ended_at else None),
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


@click.command("history", cls=Command)
@click.argument("id_", metavar="ID", shell_complete=known("task"))
@with_invocation
def history(invocation: Invocation, id_: str) -> None:
    """Show the history of a task: each revision of its plan, and edits by people.

    Example: tailboard tasks history 3fa9
    """
    with open_for_reading(invocation) as access:
        task = named(everything(invocation, access).tasks, id_)
        course = _course(access, task)
        every = recorded_edits(access)
    undone = {edit.edit.saying for edit in every if isinstance(edit.edit, Undo)}
    mine = [edit for edit in every if edit.task == task.id]
    body = {
        "tasks": [task],
        "revisions": course,
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
        for revision in course:
            _tell(output, revision)
        for edit in mine:
            _show_edit(output, edit, undone=edit.id in undone)

    invocation.answer("tasks.history", body, show)


def _course(access: QueryReader, task: Task) -> list[Revision]:
    if task.session is None:
        return []
    return [
        Revision(
            revision.number,
            revision.at,
            revision.explanation,
            [entry for entry in revision.steps if entry.id == task.id],
            [entry for entry in revision.removed if entry.id == task.id],
        )
        for revision in load_revisions(access, task.session)
        if any(entry.id == task.id for entry in (*revision.steps, *revision.removed))
    ]


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
