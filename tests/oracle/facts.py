"""The facts of a thread, derived from its records by one small function each."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from tests.oracle.records import File, Json, Thread, spent, total
from tests.oracle.turns import joined, prompts, states

Facts = dict[str, Counter[object]]
"""Per fact, each value and its count."""
FACTS = ("turns", "prompts", "commands", "exit codes", "refused", "files", "tokens", "title")

SHELLS = {"shell", "shell_command", "exec_command", "container.exec", "local_shell"}
REFUSED = re.compile(
    r"\s*(patch rejected|exec command rejected|failed in sandbox|aborted|tool call error"
    r"|execution error|exec_command failed|failed to parse|apply_patch verification failed|error:"
    r"|unsupported call|Wall time: [0-9.]+ seconds\s+aborted|approval policy is \w+; reject"
    r"|`.*` rejected)",
    re.DOTALL,
)
HUNK = re.compile(
    r"^\*\*\* (Add|Update|Delete) File: (.+?)\s*$\n?(?:^\*\*\* Move to: (.+?)\s*$)?", re.MULTILINE
)
EXIT = re.compile(
    r"^(?:Process exited with code|Exit code:) (-?\d+)\s*$|exec error, exit code: (-?\d+)",
    re.MULTILINE,
)
SHELL_CALL = re.compile(r"tools\.(?:shell_command|exec_command|shell)\(")
RESULT = re.compile(
    r"^\"?Exit code: (-?\d+)(?:\s*$|\\n)|^\{[^{}]*?\"exit_code\":(-?\d+)", re.MULTILINE
)
RUNNING = re.compile(
    r"^(?:Process running with session|Script running with cell) ID (\w+)", re.MULTILINE
)
REQUEST = re.compile(
    r"##+ My request for Codex:\s*\n(?P<asked>.*)"
    r"|^\s*## User Input\s*\n\s*```\w*\n(?P<filled>.*?)\n```",
    re.DOTALL,
)
HELPER = re.compile(
    r"The following is the Codex agent history|Generate a concise UI title|You are a helpful assist"
)
"""Codex's own requests, for a title or an approval."""


def facts(thread: Thread, names: dict[str, str]) -> Facts:
    found: Facts = {fact: Counter() for fact in FACTS}
    turns: list[str] = []
    reply: list[str] = []
    for file in thread:
        turns += states(file)
        reply += prompts(file)
        commands, refused = ran(file)
        found["commands"].update(key for key, _ in commands)
        found["exit codes"].update(commands)
        found["refused"].update(refused)
        found["files"].update(files(file, str(thread[0].meta.get("cwd") or "")))
    found["turns"].update(enumerate(turns))
    found["prompts"].update(text_key(text) for text in reply)
    found["tokens"][sum(map(tokens, thread))] += 1
    title = names.get(thread[0].thread) or next(filter(None, map(request, reply)), None)
    if title:
        found["title"][title_key(title)] += 1
    return found


def text_key(text: str) -> str:
    return " ".join(text.split())[:200]


def title_key(text: str) -> str:
    """The beginning of a title, without the marks of a code block."""
    return text_key(text.lstrip("`\n "))[:30]


def request(prompt: str) -> str | None:
    """The request within a prompt, without what editors and templates add; None if there is
    none."""
    found = REQUEST.search(prompt)
    asked = (found["asked"] or found["filled"] or "").strip() if found else prompt
    return None if HELPER.match(prompt) or asked.strip() in ("", "$ARGUMENTS") else asked


def calls(file: File) -> Iterator[tuple[str, str, Json]]:
    """Every tool call: its id, the tool, its arguments."""
    for record in file.mine:
        body = record.body
        key = str(body.get("call_id") or body.get("id") or record.byte)
        if record.kind == "item:function_call":
            yield key, str(body.get("name")), as_object(body.get("arguments"))
        elif record.kind == "item:custom_tool_call":
            yield key, str(body.get("name")), {"input": body.get("input")}
        elif record.kind == "item:local_shell_call":
            yield key, "local_shell", body.get("action") or {}


def as_object(arguments: object) -> Json:
    """The arguments as an object; some programs write them as text."""
    try:
        read = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def outputs(file: File) -> dict[str, str]:
    return {
        str(record.body.get("call_id")): joined(record.body.get("output"), "\n")
        for record in file.mine
        if record.kind in ("item:function_call_output", "item:custom_tool_call_output")
    }


def command_line(command: object) -> str:
    if isinstance(command, list):
        words = [str(word) for word in command]
        script = len(words) == 3 and words[1].lower() in ("-lc", "-c", "-command")
        return words[2] if script else " ".join(words)
    return str(command or "")


def patch(tool: str, arguments: Json) -> str | None:
    """The patch that a call applies, with the patch tool or through a shell."""
    line = command_line(arguments.get("cmd") or arguments.get("command"))
    if tool in SHELLS and "apply_patch" in line and "*** Begin Patch" in line:
        return line
    return str(arguments.get("input") or line) if tool == "apply_patch" else None


def ran(file: File) -> tuple[list[tuple[str, int | None]], set[str]]:
    """Each command once, with its exit code if one is recorded; and the commands that were not run.

    A command is identified by its call, or by its text if it has none (run by the user or a
    script).
    """
    result, running = outputs(file), dict[str, str]()
    codes, texts, refused = dict[str, int | None](), dict[str, str](), set[str]()
    # A script that calls a shell is a command if nothing else records what it ran.
    legacy = file.meta.get("history_mode") != "paginated"
    for key, tool, arguments in calls(file):
        output, patches = result.get(key, ""), patch(tool, arguments) is not None
        script = tool == "exec" and legacy and SHELL_CALL.search(arguments["input"])
        awaited = arguments.get("session_id" if tool == "write_stdin" else "cell_id")
        first = running.get(str(awaited)) if tool in ("write_stdin", "wait") else key
        code = exit_code(output, tool in ("exec", "wait"))
        if script or (tool in SHELLS and not patches):
            codes[key] = code
        elif first in codes and code is not None:
            codes[first] = code
        carried = tool == "wait" or code is not None or not REFUSED.match(output)
        if first and (patches or first in codes) and not carried:
            refused.add(first)
        if process := RUNNING.search(output[:4000]):
            running.setdefault(process[1], key)
    for record in file.mine:
        body, ended = (
            record.body,
            record.kind in ("event:exec_command_end", "done:CommandExecution"),
        )
        if ended and body.get("source") != "unified_exec_interaction":
            key = str(body.get("call_id") or body.get("id"))
            texts |= {} if key in codes else {key: text_key(command_line(body.get("command")))}
            codes[key] = body.get("exit_code")
    known = {key for key, code in codes.items() if code is not None}
    return [(texts.get(key, key), code) for key, code in codes.items()], refused - known


def exit_code(output: str, script: bool) -> int | None:
    if script:  # The first of its commands that failed.
        codes = [int(plain or packed) for plain, packed in RESULT.findall(output)]
        return next(filter(None, codes), 0) if codes else None
    try:
        return int(json.loads(output)["metadata"]["exit_code"])
    except (ValueError, TypeError, KeyError):
        found = EXIT.search(output.split("\nOutput:", 1)[0])
        return int(found[1] or found[2]) if found else None


def files(file: File, cwd: str) -> Iterator[tuple[str, str]]:
    """Every file that a patch changed, once per patch."""
    result = outputs(file)
    ended: dict[str, Json] = {}
    for record in file.mine:
        body = record.body
        if record.kind in ("event:patch_apply_end", "done:FileChange"):
            done = body.get("success", body.get("status") == "completed")
            ended[str(body.get("call_id") or body.get("id"))] = body["changes"] if done else {}
    for changes in ended.values():
        for path, change in changes.items():
            yield below(path, cwd), "move" if change.get("move_path") else str(change["type"])
    for key, tool, arguments in calls(file):
        text = patch(tool, arguments)
        if text and key not in ended and "Success. Updated the following" in result.get(key, ""):
            where = str(arguments.get("workdir") or cwd)
            for hunk in HUNK.finditer(text):
                yield below(hunk[2], cwd, where), "move" if hunk[3] else hunk[1].lower()


def below(path: str, cwd: str, where: str = "") -> str:
    """A path relative to the folder of the session."""
    path, cwd, where = (one.replace("\\", "/") for one in (path, cwd, where))
    if not (path.startswith("/") or path[1:3] == ":/") and where not in ("", cwd):
        path = f"{where.rstrip('/')}/{path}"
    folder = cwd.rstrip("/") + "/"
    inside = path.lower().startswith(folder.lower())
    return (path[len(folder) :] if inside else path).removeprefix("./")


def tokens(file: File) -> int:
    """The tokens of the file's own responses: the growth of its running total."""
    records: dict[str, int] = {}
    before, counted = file.inherited, 0
    for record in file.mine:
        if record.kind == "token_usage_record":
            if record.body.get("thread_id") == file.thread:
                records[str(record.body.get("response_id"))] = spent(record.body["usage"])
        elif not records and (now := total(record)):
            last = spent(record.body["info"].get("last_token_usage") or {})
            # A decreasing total is a reset: the new total counts.
            counted += now - before if now >= before else last if last == now else 0
            before = now
    return counted + sum(records.values())
