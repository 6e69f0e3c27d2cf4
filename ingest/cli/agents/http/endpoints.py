"""The routes of the HTTP API: each is what a command prints with `--json`, masked again.

The document is built once per request in a thread; how many rows it has goes into the log.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from ingest.cli.agents import answers
from ingest.cli.agents.request import AgentRequest
from ingest.cli.agents.tools import Argument
from ingest.cli.commands import status
from ingest.cli.commands.project import listed_projects
from ingest.cli.options import Filters
from ingest.cli.task_listing import TaskListing, among
from ingest.db.query_reader import QueryReader
from ingest.errors import Refused
from ingest.projects.exports import project_folder
from ingest.projects.resume.brief import LEAST, WORDS

Given = dict[str, Any]
Answer = tuple[dict[str, object], int]
"""A document, and its number of rows."""


class Endpoint(Struct, frozen=True):
    path: str
    schema: str
    """The name of its document: `tailboard.NAME/1`."""
    about: str
    run: Callable[[AgentRequest, Given], Answer]
    arguments: dict[str, Argument] = field(default_factory=dict)
    memory: bool = False
    """Whether the setting `memory_enabled` switches it off."""


def _search(request: AgentRequest, given: Given) -> Answer:
    only = Filters(limit=given["limit"], offset=given["offset"])
    with request.read() as access:
        named = given["repo"]
        if named is not None or request.project is not None:
            only = dataclasses.replace(only, project=request.label(access, named))
        found = answers.hits_of(request, access, given["q"], only, language=given["language"])
    return {"hits": found.hits, "total": found.total}, len(found.hits)


def _at_folder(request: AgentRequest, access: QueryReader, named: str) -> AgentRequest:
    """The request, about the folder of the project: git is asked there."""
    invocation = request.invocation
    folder = project_folder(access, request.label(access, named))
    if folder is None:
        return request
    here = invocation.for_request(invocation.aware_now, folder, invocation.out)
    return replace(request, invocation=here)


def _item(request: AgentRequest, given: Given) -> Answer:
    with request.read() as access:
        return asdict(answers.checked_item(request, access, given["id"], given["around"])), 1


def _projects(request: AgentRequest, _given: Given) -> Answer:
    with request.read() as access:
        projects = [
            one
            for one in listed_projects(access)
            if request.project is None or one.label == request.project
        ]
    return {"projects": projects}, len(projects)


def _tasks(request: AgentRequest, given: Given) -> Answer:
    with request.read() as access:
        about = _at_folder(request, access, given["id"])
        plan = answers.plan_of(about, access, given["id"])
    chosen = answers.chosen_tasks(plan, given["state"])
    shown = chosen[given["offset"] : given["offset"] + given["limit"]]
    listing = TaskListing(shown, among(plan.edges, shown), plan.refused, plan.plan_tool_off)
    return {**listing.body(), "total": len(chosen)}, len(shown)


def _resume(request: AgentRequest, given: Given) -> Answer:
    with request.read() as access:
        about = _at_folder(request, access, given["id"])
        found = answers.resume_of(about, access, given["id"], given["words"], ids=False)
    return asdict(found), 1


def _journal(request: AgentRequest, given: Given) -> Answer:
    with request.read() as access:
        label = request.label(access, given["id"])
        about = replace(request, project=label)
        text = answers.journal_text(about, access, given["day"], given["session"])
    page = text[given["offset"] : given["offset"] + given["max"]]
    return {"markdown": page, "offset": given["offset"], "characters": len(text)}, 1


def _status(request: AgentRequest, _given: Given) -> Answer:
    if request.project is not None:
        raise Refused(
            "This key is only for one project.", "Use one without --project.", code="other_project"
        )
    with request.read():
        pass  # Says so if there is no database.
    return asdict(status.look(request.invocation).status), 1


_LIMIT: Final = Argument("integer", "At most this many.", 20, (), 1, 100)
_OFFSET: Final = Argument("integer", "Skip this many.", 0, most=1_000_000)
_ID: Final = Argument("string", "The project: its id, label or name.", required=True)

ENDPOINTS: Final = (
    Endpoint(
        "/v1/search",
        "search",
        "Search prompts, answers, plans, commands, output and files.",
        _search,
        {
            "q": Argument(
                "string", "Words and filters, as `tailboard search` takes.", required=True
            ),
            "repo": Argument("string", "Only this project: id, label, name or remote."),
            "language": Argument("string", "Only sessions that changed files of this language."),
            "limit": _LIMIT,
            "offset": _OFFSET,
        },
    ),
    Endpoint(
        "/v1/items/{id}",
        "get",
        "One item in full, by the id of a hit, a session or a task.",
        _item,
        {
            "id": Argument("string", "SESSION@BYTE, a session or a task.", required=True),
            "around": Argument("integer", "Items before and after it.", 0, most=20),
        },
    ),
    Endpoint("/v1/projects", "project", "The projects.", _projects),
    Endpoint(
        "/v1/projects/{id}/tasks",
        "tasks",
        "The tasks of a project.",
        _tasks,
        {
            "id": _ID,
            "state": Argument("string", "Which tasks.", "open", choices=("open", "ready", "all")),
            "limit": _LIMIT,
            "offset": _OFFSET,
        },
        memory=True,
    ),
    Endpoint(
        "/v1/projects/{id}/resume",
        "resume",
        "The brief of a project.",
        _resume,
        {
            "id": _ID,
            "words": Argument("integer", "At most this many words.", WORDS, (), LEAST, 2000),
        },
        memory=True,
    ),
    Endpoint(
        "/v1/projects/{id}/journal",
        "journal.text",
        "The journal of a project's day, or of one of its sessions, as Markdown.",
        _journal,
        {
            "id": _ID,
            "day": Argument("string", "today, yesterday or 2026-11-21; default: the last one."),
            "session": Argument("string", "Instead of a day: a session's id."),
            "max": Argument("integer", "At most this many characters.", 20_000, (), 200, 100_000),
            "offset": _OFFSET,
        },
        memory=True,
    ),
    Endpoint("/v1/status", "status", "Backlog, queue and running sessions.", _status),
)
