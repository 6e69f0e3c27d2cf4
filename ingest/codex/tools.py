"""The tools: the kind of each, and what a call requests. Pure.

The tools of all five generations are in one table. `calls.py` handles the results.
"""

import shlex
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ingest.codex import patches
from ingest.codex import records as r
from ingest.codex.facts import CallKind
from ingest.codex.fields import compact_json, optional_text, string

KINDS = {
    "shell": CallKind.COMMAND,
    "shell_command": CallKind.COMMAND,
    "exec_command": CallKind.COMMAND,
    "container.exec": CallKind.COMMAND,
    "apply_patch": CallKind.PATCH,
    "update_plan": CallKind.PLAN,
    "view_image": CallKind.IMAGE,
    "web_search": CallKind.SEARCH,
    "request_user_input": CallKind.QUESTION,
    "create_goal": CallKind.GOAL,
    "update_goal": CallKind.GOAL,
    "get_goal": CallKind.GOAL,
    "spawn_agent": CallKind.AGENT,
    "send_input": CallKind.AGENT,
    "send_message": CallKind.AGENT,
    "resume_agent": CallKind.AGENT,
    "followup_task": CallKind.AGENT,
    "interrupt_agent": CallKind.AGENT,
    "wait_agent": CallKind.AGENT,
    "close_agent": CallKind.AGENT,
    "list_agents": CallKind.AGENT,
}
SCRIPT_TOOL = "exec"
"""The name of code mode: its input is JavaScript that calls the other tools."""
RESOURCE_TOOL = "read_mcp_resource"
GOAL_TOOLS = ("create_goal", "update_goal")
AGENT_NAMESPACES = ("multi_agent", "collaboration")
CallRequest = tuple[CallKind, str, str | None]
"""The kind of a call, the name of its tool, and its request."""


class Arguments(Struct, gc=False):
    """The arguments of all known tools in one struct; other tools have none of them."""

    cmd: Any = None
    command: Any = None
    workdir: Any = None
    session_id: Any = None
    cell_id: Any = None
    message: Any = None
    input: Any = None
    path: Any = None
    query: Any = None
    questions: Any = None
    plan: Any = None
    explanation: Any = None
    sandbox_permissions: Any = None
    with_escalated_permissions: Any = None


_arguments = msgspec.json.Decoder(Arguments)
_NO_ARGUMENTS = Arguments()


def arguments_in(raw: Raw) -> Arguments:
    """The arguments of a function call: JSON in a string, which a model can get wrong."""
    text = string(raw)
    try:
        return _arguments.decode(text if text is not None else raw)
    except (msgspec.DecodeError, RecursionError):
        return _NO_ARGUMENTS


def command_line(command: Any) -> str | None:
    """A command as a user would type it: `bash -lc X` is X, and a patch is its own text."""
    if isinstance(command, str):
        return command
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        return None
    if len(command) == 2 and command[0] in ("apply_patch", "applypatch"):
        return str(command[1])
    if len(command) == 3 and command[1] in ("-lc", "-c"):
        return str(command[2])
    return shlex.join(command)


def escalates(permissions: object, flag: object) -> bool:
    """Whether the arguments of a shell ask to run outside of the sandbox."""
    return permissions == "require_escalated" or flag is True


def function_request(item: r.FunctionCall, arguments: Arguments) -> CallRequest:
    """The request of a function call."""
    kind = KINDS.get(item.name, CallKind.OTHER)
    if (item.namespace or "").startswith(AGENT_NAMESPACES):
        kind = CallKind.AGENT
    command = None
    if kind is CallKind.COMMAND:
        value = arguments.cmd if arguments.cmd is not None else arguments.command
        command = command_line(value)
        if command and patches.BEGIN in command and "apply_patch" in str(value):
            kind = CallKind.PATCH
    elif kind is CallKind.PATCH:
        command = arguments.input if isinstance(arguments.input, str) else None
    elif kind is CallKind.AGENT:
        command = optional_text(arguments.message)
    elif kind is CallKind.QUESTION:
        command = compact_json(arguments.questions)
    elif kind is CallKind.IMAGE:
        command = optional_text(arguments.path)
    elif kind is CallKind.PLAN or item.name == RESOURCE_TOOL:
        command = string(item.arguments)
    elif mcp_tool := _mcp_tool(item.name, item.namespace):
        return CallKind.MCP, mcp_tool, string(item.arguments) or ""
    return kind, item.name, command


def custom_request(item: r.CustomCall) -> CallRequest:
    """The same for a tool that takes plain text."""
    text = string(item.input) or ""
    if item.name == SCRIPT_TOOL:
        return CallKind.SCRIPT, item.name, text
    if mcp_tool := _mcp_tool(item.name, None):
        return CallKind.MCP, mcp_tool, text
    return KINDS.get(item.name, CallKind.OTHER), item.name, text


def _mcp_tool(name: str, namespace: str | None) -> str | None:
    """`server.tool` for a tool of an MCP server, from one name or from a namespace and a name."""
    whole = f"{namespace.rstrip('_')}__{name}" if namespace else name
    if not whole.startswith("mcp__"):
        return None
    server, _, tool = whole.removeprefix("mcp__").partition("__")
    return f"{server}.{tool}"
