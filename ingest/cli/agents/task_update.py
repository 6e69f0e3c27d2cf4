"""The only thing that agents write: that a task is done or blocked, a note, a new task.

It is recorded like an edit of a person, with an actor of its own, and can be undone by the person.
It never changes a state that a person set.
"""

import uuid
from typing import Final

from ingest.actions import current_user
from ingest.cli.access import open_for_actions
from ingest.cli.agents.answers import added_by_agents, task_line
from ingest.cli.agents.request import AgentRequest
from ingest.cli.task_listing import find_task
from ingest.db.query_reader import QueryReader
from ingest.errors import Refused
from ingest.projects.tasks import validate_edit
from ingest.projects.tasks.apply_edits import rename_tasks
from ingest.projects.tasks.edits import (
    Note,
    Set,
    TaskEdit,
    agent_of,
    edit_action,
    effective_edits,
)
from ingest.projects.tasks.model import Roadmap, Task, TaskState
from ingest.projects.tasks.plan import ID_CHARS
from ingest.projects.tasks.roadmap import recorded_edits
from ingest.sessions.session import id_length

_STATES: Final = {"done": TaskState.DONE, "blocked": TaskState.BLOCKED}
_UNDO: Final = "A person can undo this with `tailboard tasks undo`."


def update_task(request: AgentRequest, action: str, id_: str | None, text: str | None) -> str:
    if not request.invocation.settings.agents_write:
        raise Refused(
            "Agents may not change tasks here.",
            "A person can allow it: `write = true` under `[agents]`, `tailboard config edit`.",
            code="agents.off",
        )
    if action in ("note", "add") and not (text or "").strip():
        raise Refused(f"`text` is missing: {action} needs it.", 'Example: {"text": "…"}')
    if action != "add" and not id_:
        raise Refused(f"`id` is missing: {action} needs it.", "`project_tasks` shows the ids.")
    # The owner does not have to be asked twice: it checks nothing that is not checked here.
    with request.read() as access:
        if action == "add":
            project = request.label(access)
            key, before = uuid.uuid4().hex[:ID_CHARS], None
            edit: TaskEdit = validate_edit.add(text or "", project)
        else:
            plan, before = find_task(request.invocation, access, id_ or "")
            request.check(before.project)
            project = before.project
            key, edit = before.id, _edit(access, plan, before, action, text)
    reason = text if action in _STATES else None
    with open_for_actions(request.invocation) as database:
        database.act(edit_action(key, edit, reason, actor=agent_of(current_user())))
        _, after = find_task(request.invocation, database, key, project)
        digits = id_length(database, filter(None, (after.session,)))
        by_agents = added_by_agents(database)
    now = request.invocation.now
    lines = [f"Recorded as said by an agent: {action}."]
    lines += [f"Before:\n{task_line(before, digits, now, by_agents)}"] if before else []
    return "\n".join([*lines, f"Now:\n{task_line(after, digits, now, by_agents)}", _UNDO])


def _edit(
    access: QueryReader, plan: Roadmap, task: Task, action: str, text: str | None
) -> TaskEdit:
    if action == "note":
        return Note(" ".join((text or "").split()))
    edits = effective_edits(rename_tasks(recorded_edits(access), plan.names))
    persons = [
        one
        for one in edits
        if one.task == task.id and isinstance(one.edit, Set) and not one.by_agent
    ]
    if persons:
        last = persons[-1]
        raise Refused(
            f"{last.actor} set {task.id} to {last.edit.state} "  # type: ignore[union-attr]
            f"at {last.at:%Y-%m-%d %H:%M} UTC, and what a person said stands.",
            "Add a note instead, or ask the person.",
            code="person_said",
        )
    return Set(_STATES[action])
