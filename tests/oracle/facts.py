"""What a thread did, read off its records: one small function for each fact."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from tests.oracle.records import File, Json, Thread, spent, total
from tests.oracle.turns import joined, prompts, states

Facts = dict[str, Counter[object]]
"""By fact, what was found and how often."""
FACTS = ("turns", "prompts", "commands", "exit codes", "refused", "files", "tokens", "title")

SHELLS = {"shell", "shell_command", "exec_command", "container.exec", "local_shell"}
REFUSED = re.compile(
    r"\s*(patch rejected|exec command rejected|failed in sandbox|aborted|tool call error"
    r"|execution error|exec_command failed|failed to parse|apply_patch verification failed|error:"
    r"|unsupported call|Wall time: [0-9.]+ seconds\s+aborted)"
)
HUNK = re.compile(
    r"^\*\*\* (Add|Update|Delete) File: (.+?)\s*$\n?(?:^\*\*\* Move to: (.+?)\s*$)?", re.MULTILINE
)
EXIT = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d+)\s*$", re.MULTILINE)
SESSION = re.compile(r"^Process running with session ID (\d+)", re.MULTILINE)
REQUEST = re.compile(
    r"##+ (?:My request for Codex:|User Input)\s*\n(?:\s*```\w*\n)?(?P<asked>.*)", re.DOTALL
)


def facts(thread: Thread, names: dict[str, str]) -> Facts:
    found: Facts = {fact: Counter() for fact in FACTS}
    turns: list[str] = []
    said: list[str] = []
    for file in thread:
        turns += states(file)
        said += prompts(file)
        found["commands"].update(commands(file).keys())
        found["exit codes"].update(commands(file).items())
        found["refused"].update(refused(file))
        found["files"].update(files(file, str(thread[0].meta.get("cwd") or "")))
    found["turns"].update(enumerate(turns))
    found["prompts"].update(text_key(text) for text in said)
    found["tokens"][sum(map(tokens, thread))] += 1
    title = names.get(thread[0].thread) or next((request(text) for text in said), None)
    if title:
        found["title"][text_key(title, 30)] += 1
    return found


def text_key(text: str, length: int = 200) -> str:
    return " ".join(text.split())[:length]


def request(prompt: str) -> str:
    """Editors and templates put other things around what was asked."""
    found = REQUEST.search(prompt)
    return (found["asked"] if found and found["asked"].strip() else prompt).strip()


def calls(file: File) -> Iterator[tuple[str, str, Json]]:
    """Every call of a tool: its id, the tool, its arguments."""
    for record in file.mine:
        body = record.body
        key = str(body.get("call_id") or body.get("id") or record.byte)
        if record.kind == "item:function_call":
            try:
                arguments = json.loads(body.get("arguments") or "{}")
            except ValueError:
                arguments = {}
            yield key, str(body.get("name")), arguments if isinstance(arguments, dict) else {}
        elif record.kind == "item:custom_tool_call":
            yield key, str(body.get("name")), {"input": body.get("input")}
        elif record.kind == "item:local_shell_call":
            yield key, "local_shell", body.get("action") or {}


def outputs(file: File) -> dict[str, str]:
    return {
        str(record.body.get("call_id")): joined(record.body.get("output"))
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
    """The patch that a call applies, by the tool for that or through a shell."""
    line = command_line(arguments.get("cmd") or arguments.get("command"))
    if tool in SHELLS and "apply_patch" in line and "*** Begin Patch" in line:
        return line
    return str(arguments.get("input") or line) if tool == "apply_patch" else None


def commands(file: File) -> dict[str, int | None]:
    """Each command once, by its call, with its exit code where one is told."""
    found: dict[str, int | None] = {}
    told, processes = outputs(file), dict[str, str]()
    for key, tool, arguments in calls(file):
        output = told.get(key, "")
        if tool in SHELLS and patch(tool, arguments) is None:
            found[key] = exit_code(output)
            if running := SESSION.search(output[:4000]):
                processes[running[1]] = key
        elif tool == "write_stdin":
            first = processes.get(str(arguments.get("session_id")), "")
            if first in found and exit_code(output) is not None:
                found[first] = exit_code(output)
    asked = {key for key, _, _ in calls(file)}
    for record in file.mine:
        body = record.body
        ended = record.kind in ("event:exec_command_end", "done:CommandExecution")
        if ended and body.get("source") != "unified_exec_interaction":
            key = str(body.get("call_id") or body.get("id"))
            # A command that no call asked for, of a person or of a script, is known by its text.
            key = key if key in asked else text_key(command_line(body.get("command")))
            found[key] = body.get("exit_code")
    return found


def exit_code(output: str) -> int | None:
    try:
        return int(json.loads(output)["metadata"]["exit_code"])
    except (ValueError, TypeError, KeyError):
        found = EXIT.search(output.split("\nOutput:", 1)[0])
        return int(found[1]) if found else None


def refused(file: File) -> Iterator[str]:
    """Commands and patches that were not carried out, which only the words of their output tell."""
    told, codes = outputs(file), commands(file)
    for key, tool, arguments in calls(file):
        tried = tool in SHELLS or patch(tool, arguments) is not None
        if tried and codes.get(key) is None and REFUSED.match(told.get(key, "")):
            yield key


def files(file: File, cwd: str) -> Iterator[tuple[str, str]]:
    """Every file a patch changed, as often as one did."""
    told = outputs(file)
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
        if text and key not in ended and "Success. Updated the following" in told.get(key, ""):
            where = str(arguments.get("workdir") or cwd)
            for hunk in HUNK.finditer(text):
                yield below(hunk[2], cwd, where), "move" if hunk[3] else hunk[1].lower()


def below(path: str, cwd: str, where: str = "") -> str:
    """A path as seen from the session's folder."""
    path, cwd, where = (one.replace("\\", "/") for one in (path, cwd, where))
    if not (path.startswith("/") or path[1:3] == ":/") and where not in ("", cwd):
        path = f"{where.rstrip('/')}/{path}"
    folder = cwd.rstrip("/") + "/"
    return (path[len(folder) :] if path.lower().startswith(folder.lower()) else path).removeprefix(
        "./"
    )


def tokens(file: File) -> int:
    """What the file's own responses cost: what its running total grew by."""
    records: dict[str, int] = {}
    before, counted = file.inherited, 0
    for record in file.mine:
        if record.kind == "token_usage_record":
            if record.body.get("thread_id") == file.thread:
                records[str(record.body.get("response_id"))] = spent(record.body["usage"])
        elif not records and (now := total(record)):
            last = spent(record.body["info"].get("last_token_usage") or {})
            # A total that fell begins anew, and counts what it was begun with.
            counted += now - before if now >= before else last if last == now else 0
            before = now
    return counted + sum(records.values())
