"""What `setup codex` adds to Codex's settings file, and takes out again. Pure.

The MCP entry, a hook at the start of sessions, and the plan tool. Comments, order and formatting of
the file stay. Whether the plan tool was on before is known from the backup.
"""

import shlex
import tomllib
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any, Final

import tomlkit
from msgspec import Struct
from tomlkit.exceptions import TOMLKitError

from ingest.errors import SettingsError

SERVER: Final = "tailboard"
MATCHER: Final = "startup|clear|compact"
"""When the hook gives the brief: a session that is resumed has its context."""
HOOK_SECONDS: Final = 10
_HOOK: Final = "resume --hook"


class Installed(Struct, frozen=True):
    """What of it a settings file has."""

    server: bool = False
    hook: bool = False
    trusted: bool = False
    """Whether the person allowed the hook in Codex; if not, Codex skips it in silence."""
    plan_tool: bool = False

    @property
    def complete(self) -> bool:
        return self.server and self.hook and self.plan_tool


def installed(text: str, paths: Collection[str]) -> Installed:
    """`paths`: how the file can be called in the name of a hook's approval."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return Installed()
    hook = _hook_place(table)
    states = _at(table, "hooks", "state")
    allowed = [_at(states, key) for path in paths for key in (_state_key(path, hook),) if hook]
    return Installed(
        server="mcp" in (_at(table, "mcp_servers", SERVER).get("args") or ()),
        hook=hook is not None,
        trusted=any(state.get("trusted_hash") for state in allowed),
        plan_tool=_at(table, "tools", "update_plan").get("enabled") is True,
    )


def added(
    text: str, program: str, environment: Mapping[str, str] | None = None
) -> tuple[str, list[str]]:
    """The file with everything added, and what was added, in words. `environment`: what the server
    needs to find the same database: Codex starts it without most variables."""
    document = _parsed(text)
    done = []
    if "mcp" not in (_at(document, "mcp_servers", SERVER).get("args") or ()):
        entry = tomlkit.table()
        entry["command"], entry["args"] = program, ["mcp"]
        if environment:
            entry["env"] = tomlkit.inline_table() | dict(environment)
        _inside(document, "mcp_servers")[SERVER] = entry
        done.append("MCP server `tailboard`")
    if _hook_place(document) is None:
        handler = tomlkit.table()
        handler["type"], handler["command"] = "command", f"{shlex.quote(program)} {_HOOK}"
        handler["timeout"] = HOOK_SECONDS
        group = tomlkit.table()
        group["matcher"] = MATCHER
        handlers = tomlkit.aot()
        handlers.append(handler)
        group["hooks"] = handlers
        _append(_inside(document, "hooks"), "SessionStart", group)
        done.append("hook at the start of sessions")
    tool = _at(document, "tools", "update_plan")
    if tool.get("enabled") is not True:
        _inside(document, "tools", "update_plan")["enabled"] = True
        done.append("plan tool on")
    return tomlkit.dumps(document), done


def removed(text: str, paths: Collection[str], before: str | None) -> tuple[str, list[str]]:
    """The file without what `added` added, and what was removed, in words. `before`: the file
    before that, if it is known."""
    document = _parsed(text)
    done = []
    servers = _at(document, "mcp_servers")
    if "mcp" in (_at(servers, SERVER).get("args") or ()):
        del servers[SERVER]
        _drop_empty(document, "mcp_servers")
        done.append("MCP server `tailboard`")
    while (place := _hook_place(document)) is not None:
        group, handler = place
        starts = document["hooks"]["SessionStart"]
        del starts[group]["hooks"][handler]
        if not starts[group]["hooks"]:
            del starts[group]
        states = _at(document, "hooks", "state")
        for path in paths:
            states.pop(_state_key(path, place), None)
        _drop_empty(document, "hooks", "state")
        _drop_empty(document, "hooks", "SessionStart")
        _drop_empty(document, "hooks")
        done.append("hook at the start of sessions")
    if before is not None:
        was = _at(_parsed(before), "tools", "update_plan").get("enabled")
        tool = _at(document, "tools", "update_plan")
        if was is not True and tool.get("enabled") is True:
            if was is None:
                del tool["enabled"]
                _drop_empty(document, "tools", "update_plan")
                _drop_empty(document, "tools")
            else:
                tool["enabled"] = False
            done.append("plan tool as before")
        if document.unwrap() == _parsed(before).unwrap():
            return before, done
    return tomlkit.dumps(document), done


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise SettingsError(
            f"Codex's settings file is not valid TOML: {error}.", "Correct it, and try again."
        ) from error


def _at(table: Any, *names: str) -> MutableMapping[str, Any]:
    """The table with this name; an empty one if there is none."""
    for name in names:
        table = table.get(name) if isinstance(table, MutableMapping) else None
    return table if isinstance(table, MutableMapping) else {}


def _inside(table: Any, *names: str) -> Any:
    """The table with this name, created if there is none."""
    for i, name in enumerate(names):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=i + 1 < len(names) or name != "update_plan")
        table = table[name]
    return table


def _append(hooks: Any, event: str, group: Any) -> None:
    if event not in hooks:
        hooks[event] = tomlkit.aot()
    groups = hooks[event]
    if isinstance(groups, tomlkit.items.AoT):
        groups.append(group)
    else:  # An inline array.
        groups.append(tomlkit.inline_table() | {"matcher": group["matcher"]})
        handler = tomlkit.inline_table()
        handler.update({key: value.unwrap() for key, value in group["hooks"][0].items()})
        groups[-1]["hooks"] = [handler]


def _drop_empty(document: Any, *names: str) -> None:
    outer = _at(document, *names[:-1]) if len(names) > 1 else document
    if names[-1] in outer and not outer[names[-1]]:
        del outer[names[-1]]


def _state_key(path: str, place: tuple[int, int] | None) -> str:
    """The name under which Codex stores that the person allowed the hook."""
    group, handler = place or (0, 0)
    return f"{path}:session_start:{group}:{handler}"


def _hook_place(table: Any) -> tuple[int, int] | None:
    """The group and the place of our hook among those at the start of sessions."""
    groups = _at(table, "hooks").get("SessionStart")
    for i, group in enumerate(groups if isinstance(groups, list) else ()):
        for j, handler in enumerate(_at({"": group}, "").get("hooks") or ()):
            command = str(_at({"": handler}, "").get("command") or "")
            if SERVER in command and command.endswith(_HOOK):
                return i, j
    return None
