"""The tools of `tailboard mcp`: names, arguments, descriptions, and what carries each out.

Does not import the SDK. A model sees one line for the server (`INSTRUCTIONS`) and searches the
tools by the words of their names and descriptions, so these words are chosen for that; all of
`tools/list` has at most 6,000 characters. A wrong argument is answered with a sentence and a cure.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import click
from msgspec import Struct, field

from ingest.cli.agents.request import AgentRequest
from ingest.errors import Refused, TailboardError

INSTRUCTIONS: Final = (
    "Earlier Codex sessions of this project. Call project_resume first to continue or to see what "
    "is next; history_search: how something was done, decided or failed; project_tasks: the "
    "backlog; project_task_update: say that a task is done."
)
"""Codex shows about 240 characters of it."""
_ACTIONS: Final = ("done", "blocked", "note", "add")
_SHORTEST: Final = 60
"""The shortest brief: as in `ingest.projects.resume.brief`, which is imported at the first call."""
_ANSWER_CHARS: Final = 20_000
TEXT_CHARS: Final = 1000


class Argument(Struct, frozen=True):
    type: str
    about: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    required: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self.type, "description": self.about}
        if self.choices:
            found["enum"] = list(self.choices)
        if self.type == "integer":
            found |= {"minimum": self.least, "maximum": self.most}
        if self.default is not None:
            found["default"] = self.default
        return found


class Tool(Struct, frozen=True):
    name: str
    title: str
    about: str
    run: Callable[[AgentRequest, dict[str, Any]], str]
    arguments: dict[str, Argument] = field(default_factory=dict)
    writes: bool = False
    memory: bool = True
    """Whether the setting `memory_enabled` switches it off."""

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {name: each.schema for name, each in self.arguments.items()},
            "required": [name for name, each in self.arguments.items() if each.required],
            "additionalProperties": False,
        }


# What answers is imported at the first call: the server starts sooner, and where nothing calls it,
# takes less memory.


def _resume(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents import answers

    with request.read() as access:
        return answers.brief(request, access, given["words"])


def _tasks(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents import answers

    with request.read() as access:
        return answers.tasks(request, access, given["state"], given["limit"], given["offset"])


def _update(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents.task_update import update_task

    return update_task(request, given["action"], given["id"], given["text"])


def _search(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents import answers

    with request.read() as access:
        return answers.hits(
            request, access, given["query"], given["limit"], given["offset"],
            everywhere=given["everywhere"],
        )  # fmt: skip


def _get(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents import answers

    with request.read() as access:
        return answers.item(
            request, access, given["id"], given["around"], given["max"], given["offset"]
        )


def _journal(request: AgentRequest, given: dict[str, Any]) -> str:
    from ingest.cli.agents import answers

    with request.read() as access:
        return answers.journal(
            request, access, given["day"], given["session"], given["max"], given["offset"]
        )


_CWD: Final = Argument("string", "Folder of the project; default: where the server runs.")
_OFFSET: Final = Argument("integer", "Skip this many.", 0, most=1_000_000)

TOOLS: Final = {
    tool.name: tool
    for tool in (
        Tool(
            "project_resume",
            "Resume the project",
            "Brief to continue the project: objective, what was done, open steps and what is next, "
            "decisions, failures not repaired, commits since. Markdown; each line has its age and "
            "an id for history_get.",
            _resume,
            {
                "cwd": _CWD,
                "words": Argument("integer", "At most this many words.", 400, (), _SHORTEST, 2000),
            },
        ),
        Tool(
            "project_tasks",
            "Tasks of the project",
            "Backlog, plan and todo list of the project over all sessions and branches: id, state, "
            "text, age, source, what it waits for.",
            _tasks,
            {
                "state": Argument(
                    "string", "Which tasks.", "open", choices=("open", "ready", "all")
                ),
                "limit": Argument("integer", "At most this many.", 20, (), 1, 100),
                "offset": _OFFSET,
                "cwd": _CWD,
            },
        ),
        Tool(
            "project_task_update",
            "Update a task",
            "Record that a task is done or blocked, note something on it, or add a task to the "
            "backlog. Recorded as said by an agent; a person's word stands, and can undo it.",
            _update,
            {
                "action": Argument("string", "What to record.", choices=_ACTIONS, required=True),
                "id": Argument("string", "The task; not for add."),
                "text": Argument("string", "The note, the new task, or the reason."),
                "cwd": _CWD,
            },
            writes=True,
        ),
        Tool(
            "history_search",
            "Search the history",
            "Search prompts, answers, commands, output, errors, plans and changed files of earlier "
            "sessions. All words must match; \"a phrase\", -word, and filters kind:command, "
            "has:error, since:7d, branch:main, tool:x, tag:x. One line a hit, with an id.",
            _search,
            {
                "query": Argument("string", "Words and filters.", required=True),
                "limit": Argument("integer", "At most this many.", 8, (), 1, 50),
                "offset": _OFFSET,
                "everywhere": Argument("boolean", "All projects, not only this one.", False),
                "cwd": _CWD,
            },
            memory=False,
        ),
        Tool(
            "history_get",
            "Get an item",
            "Full text of one item by the id that a search, brief or task list shows, where it is "
            "in Codex's file, and what is around it.",
            _get,
            {
                "id": Argument("string", "SESSION@BYTE, a session or a task.", required=True),
                "around": Argument("integer", "Items before and after.", 0, most=20),
                "max": Argument("integer", "At most this many characters.", 2000, (), 100, 10_000),
                "offset": _OFFSET,
            },
            memory=False,
        ),
        Tool(
            "project_journal",
            "Journal of a day or session",
            "Journal for a standup or handover: what was wanted, what came of it, decisions, "
            "failures and repairs, commits, files, of the last active day, a day or a session.",
            _journal,
            {
                "day": Argument("string", "today, yesterday or 2026-11-21."),
                "session": Argument("string", "Instead of a day: a session's id."),
                "max": Argument("integer", "At most this many characters.", 6000, (), 200, 15_000),
                "offset": _OFFSET,
                "cwd": _CWD,
            },
        ),
    )
}  # fmt: skip

RESOURCES: Final = {
    "tailboard://resume": ("project_resume", "Brief to continue the project of this folder"),
    "tailboard://tasks": ("project_tasks", "Open tasks of the project of this folder"),
}


def checked(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of the tool, with defaults; raises `Refused`. Models often send an empty text
    for what they leave out."""
    sent = {name: value for name, value in given.items() if value != ""}
    return check_arguments(tool.name, tool.arguments, sent)


def check_arguments(
    of: str, arguments: Mapping[str, Argument], given: Mapping[str, Any]
) -> dict[str, Any]:
    for name in given:
        if name not in arguments:
            takes = ", ".join(arguments) or "no arguments"
            raise Refused(f"`{name[:40]}` is not an argument of {of}.", f"It takes {takes}.")
    return {name: _checked(of, name, each, given.get(name)) for name, each in arguments.items()}


def _checked(of: str, name: str, about: Argument, value: Any) -> Any:
    if value is None:
        if about.required:
            raise Refused(f"{of} needs `{name}`.", f"`{name}`: {about.about}")
        return about.default
    match about.type:
        case "integer":
            if type(value) is int and about.least <= value <= about.most:
                return value
            allowed = f"a whole number from {about.least} to {about.most}"
        case "boolean":
            if isinstance(value, bool):
                return value
            allowed = "true or false"
        case _:
            if isinstance(value, str) and value and "\0" not in value:
                if len(value) > TEXT_CHARS:
                    raise Refused(
                        f"`{name}` has {len(value)} characters.",
                        f"At most {TEXT_CHARS} are taken.",
                    )
                if not about.choices or value in about.choices:
                    return value
            allowed = " or ".join(about.choices) or "a text that is not empty"
    shown = repr(value)[:40]
    raise Refused(f"`{name}` must be {allowed}, not {shown}.", about.about)


def call(request: AgentRequest, tool: Tool, given: dict[str, Any]) -> str:
    """Run a tool with checked arguments; the answer is masked and bounded."""
    from ingest.projects.safe_export import masked

    if tool.memory:
        request.invocation.require_memory()
    text = masked(request.guarded(lambda: tool.run(request, given)))
    if len(text) > _ANSWER_CHARS:
        text = f"{text[:_ANSWER_CHARS]}\n… cut; ask for less."
    return text


def sentence(error: TailboardError | click.ClickException) -> str:
    """What went wrong, and what to do, for the one who asked."""
    from ingest.projects.safe_export import masked

    if isinstance(error, click.ClickException):
        return masked(error.format_message())
    return masked(f"{error.message} {error.hint}".strip())
