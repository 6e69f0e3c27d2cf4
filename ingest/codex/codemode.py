"""Reads plans and commands from the JavaScript of code mode, without running it.

Only literals can be read: objects, arrays, strings, numbers, true, false, null. A computed argument
(a variable, a call, a template with `${}`) is reported as unreadable.
"""

import re
from itertools import islice
from typing import Any, NamedTuple

from ingest.codex.tools import command_line, escalates

_ANY_CALL = re.compile(r"\btools\s*\.\s*(\w+)\s*\(")
_CALL = re.compile(r"\btools\s*\.\s*update_plan\s*\(")
_SHELL = re.compile(r"\btools\s*\.\s*(?:shell_command|exec_command|shell)\s*\(")
_PATCH = re.compile(r"\btools\s*\.\s*apply_patch\s*\(")
_ESCALATED = re.compile(
    r"""\bsandbox_permissions["']?\s*:\s*["'`]require_escalated\b"""
    r"""|\bwith_escalated_permissions["']?\s*:\s*true\b"""
)
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_PATH = re.compile(r"[A-Za-z_$][\w$.]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_PAIR = re.compile(r"u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_CODE = re.compile(r"u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_DEPTH = 16
CALLS = 32
"""Maximal number of calls read from a script: each may scan all of a hostile script."""


class ShellCall(NamedTuple):
    """A command that a script runs; `command` is None if the script computes it."""

    command: str | None
    workdir: str | None
    escalated: bool
    """Whether it asks to run outside of the sandbox."""


class NotLiteral(ValueError):
    """The argument is not a literal."""


def plans_in(script: str) -> tuple[list[dict[str, Any]], int]:
    """The plans a script sets, in order, and the number of unreadable calls."""
    plans: list[dict[str, Any]] = []
    unreadable = 0
    for call in islice(_CALL.finditer(script), CALLS):
        try:
            value, _ = _value(script, call.end(), _DEPTH)
        except NotLiteral:
            unreadable += 1
            continue
        if isinstance(value, dict) and isinstance(value.get("plan"), list):
            plans.append(value)
        else:
            unreadable += 1
    return plans, unreadable


def shell_calls_in(script: str) -> list[ShellCall]:
    """The shell commands of a script, in order."""
    return [_shell(script, call.end()) for call in islice(_SHELL.finditer(script), CALLS)]


def _shell(script: str, at: int) -> ShellCall:
    fields = _fields(script, at)
    command = command_line(fields.get("command", fields.get("cmd")))
    workdir = fields.get("workdir")
    escalated = escalates(
        fields.get("sandbox_permissions"), fields.get("with_escalated_permissions")
    )
    return ShellCall(command, workdir if isinstance(workdir, str) else None, escalated)


def escalations_in(script: str) -> list[str | None]:
    """The commands a script wants to run outside of the sandbox; None for a computed one."""
    times = sum(1 for _ in islice(_ESCALATED.finditer(script), CALLS))
    if not times:
        return []
    commands = [call.command for call in shell_calls_in(script) if call.escalated]
    return commands + [None] * (times - len(commands))


def patches_in(script: str) -> int:
    """The number of patches a script applies."""
    return sum(1 for _ in islice(_PATCH.finditer(script), CALLS))


def call_in(script: str) -> tuple[str, str] | None:
    """The first tool that a script calls, and what it passes as far as that can be read."""
    calls = list(islice(_ANY_CALL.finditer(script), CALLS))
    if not calls:
        return None
    call, *others = calls
    try:
        value, _ = _value(script, call.end(), _DEPTH)
    except NotLiteral:
        value = _fields(script, call.end())
    if isinstance(value, dict):
        only = len(value) == 1
        named = ((name, _shown(one)) for name, one in value.items())
        value = ", ".join(text if only else f"{name}: {text}" for name, text in named)
    text = value if isinstance(value, str) else ""
    more = f" (and {', '.join(other[1] for other in others)})" if others else ""
    return call[1], text + more


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else "…"


def _fields(script: str, at: int) -> dict[str, Any]:
    """The literal fields of an object; a field whose value is a name is skipped, any other computed
    value ends the reading."""
    fields: dict[str, Any] = {}
    at = _skip(script, at)
    if script[at : at + 1] != "{":
        return fields
    at += 1
    try:
        while True:
            key, at = _key(script, at)
            try:
                fields[key], at = _value(script, at, _DEPTH)
            except NotLiteral:
                name = _PATH.match(script, _skip(script, at))
                if name is None:
                    return fields
                at = name.end()
            at = _after(script, at, "}")
    except NotLiteral:
        return fields


def _skip(script: str, at: int) -> int:
    space = _SPACE.match(script, at)
    return space.end() if space else at


def _value(script: str, at: int, depth: int) -> tuple[Any, int]:
    at = _skip(script, at)
    first = script[at : at + 1]
    if not depth:
        raise NotLiteral("nested too deeply")
    if first == "{":
        return _object(script, at + 1, depth - 1)
    if first == "[":
        return _array(script, at + 1, depth - 1)
    if first and first in "\"'`":
        return _string(script, at + 1, first)
    if number := _NUMBER.match(script, at):
        return float(number[0]), number.end()
    if (word := _NAME.match(script, at)) and word[0] in _WORDS:
        return _WORDS[word[0]], word.end()
    raise NotLiteral(f"no literal at {at}")


def _object(script: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    fields: dict[str, Any] = {}
    while True:
        at = _skip(script, at)
        if script[at : at + 1] == "}":
            return fields, at + 1
        key, at = _key(script, at)
        fields[key], at = _value(script, at, depth)
        at = _after(script, at, "}")


def _key(script: str, at: int) -> tuple[str, int]:
    """The key of a field, and where its value begins."""
    at = _skip(script, at)
    first = script[at : at + 1]
    if first and first in "\"'":
        key, at = _string(script, at + 1, first)
    elif name := _NAME.match(script, at):
        key, at = name[0], name.end()
    else:
        raise NotLiteral(f"no key at {at}")
    at = _skip(script, at)
    if script[at : at + 1] != ":":
        raise NotLiteral(f"no value at {at}")
    return key, at + 1


def _array(script: str, at: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while True:
        at = _skip(script, at)
        if script[at : at + 1] == "]":
            return items, at + 1
        item, at = _value(script, at, depth)
        items.append(item)
        at = _after(script, at, "]")


def _after(script: str, at: int, close: str) -> int:
    """The position behind a comma, or at the closing bracket."""
    at = _skip(script, at)
    if script[at : at + 1] == ",":
        return at + 1
    if script[at : at + 1] == close:
        return at
    raise NotLiteral(f"neither a comma nor {close} at {at}")


def _string(script: str, at: int, quote: str) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(script):
        char = script[at]
        if char == quote:
            return "".join(parts), at + 1
        if quote == "`" and script.startswith("${", at):
            raise NotLiteral(f"a computed template at {at}")
        if char == "\n" and quote != "`":
            raise NotLiteral(f"an unfinished string at {at}")
        if char == "\\":
            char, at = _escape(script, at + 1)
        else:
            at += 1
        parts.append(char)
    raise NotLiteral("an unfinished string")


def _escape(script: str, at: int) -> tuple[str, int]:
    if pair := _PAIR.match(script, at):
        high, low = int(pair[1], 16), int(pair[2], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), pair.end()
    if code := _CODE.match(script, at):
        point = int(code[1] or code[2] or code[3], 16)
        valid = point < 0x110000 and not 0xD800 <= point < 0xE000
        return chr(point) if valid else "\ufffd", code.end()
    char = script[at : at + 1]
    return "" if char == "\n" else _ESCAPES.get(char, char), at + 1
