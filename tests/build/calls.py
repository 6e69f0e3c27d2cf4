"""The lines of a tool call: its arguments, its output, the record of its end.

Pure functions from a release to JSON; tests/build/tools.py combines them.
"""

import json
import math
from collections.abc import Mapping

from tests.build.line import Json, text
from tests.build.release import Release

Files = Mapping[str, "str | tuple[str, str] | None"]
"""What a patch does to each path: text adds it, None deletes it, a pair changes one line."""


def command_call(release: Release, command: str, workdir: str | None) -> tuple[str, Json]:
    """The tool this release runs commands with, and its arguments."""
    where = {"workdir": workdir} if workdir is not None else {}
    if release.scripts_alone:
        return "shell_command", {"command": command, **where}
    if release.minor < 63:
        return "shell", {"command": ["bash", "-lc", command], **where}
    if release.minor < 98:
        return "shell_command", {"command": command, **where}
    return "exec_command", {"cmd": command, **where}


def command_output(
    release: Release, chunk: str, exit_code: int, output: str, seconds: float
) -> str:
    if release.minor < 63:
        return shell_output(exit_code, output, seconds)
    if release.minor < 98 or release.scripts_alone:
        return (
            f"Exit code: {exit_code}\nWall time: {round(seconds, 1):g} seconds\nOutput:\n{output}"
        )
    return process_output(chunk, f"Process exited with code {exit_code}", output, seconds)


def process_output(chunk: str, state: str, output: str, seconds: float) -> str:
    return (
        f"Chunk ID: {chunk}\nWall time: {seconds:.4f} seconds\n{state}\n"
        f"Original token count: {math.ceil(len(output.encode()) / 4)}\nOutput:\n{output}"
    )


def shell_output(exit_code: int, output: str, seconds: float) -> str:
    metadata = {"exit_code": exit_code, "duration_seconds": round(seconds, 1)}
    return text({"output": output, "metadata": metadata})


def command_item(
    release: Release, cwd: str, call_id: str, command: str, exit_code: int, output: str, ms: int
) -> Json:
    """The turn item of a command that has ended."""
    older = release.minor <= 160
    return {
        "type": "CommandExecution",
        "id": call_id,
        "process_id": str(10_000 + len(command)),
        "command": ["/bin/bash", "-lc", command],
        "cwd": f"file://{cwd}",
        "parsed_cmd": [{"type": "unknown", "cmd": command}],
        "source": "unified_exec_startup",
        "status": "completed" if exit_code == 0 else "failed",
        **({"stdout": output, "stderr": ""} if older else {}),
        "aggregated_output": output,
        "exit_code": exit_code,
        "duration": duration(ms),
        **({"formatted_output": output} if older else {}),
    }


def command_event(cwd: str, turn_id: str | None, item: Json) -> Json:
    """The same as an event, as extended legacy files have it."""
    return {
        "type": "exec_command_end",
        "call_id": item["id"],
        "turn_id": turn_id,
        "command": item["command"],
        "cwd": cwd,
        "parsed_cmd": item["parsed_cmd"],
        "source": item["source"],
        "stdout": "",
        "stderr": "",
        "aggregated_output": item["aggregated_output"],
        "exit_code": item["exit_code"],
        "duration": item["duration"],
        "formatted_output": "",
        "status": item["status"],
    }


def duration(ms: int) -> Json:
    return {"secs": ms // 1000, "nanos": ms % 1000 * 1_000_000}


# ── patches ─────────────────────────────────────────────────────────────────────────────────────


def patch_text(files: Files) -> str:
    parts = ["*** Begin Patch\n"]
    for path, change in files.items():
        if change is None:
            parts.append(f"*** Delete File: {path}\n")
        elif isinstance(change, str):
            added = "".join(f"+{line}\n" for line in change.splitlines())
            parts.append(f"*** Add File: {path}\n{added}")
        else:
            parts.append(f"*** Update File: {path}\n@@\n-{change[0]}\n+{change[1]}\n")
    return "".join([*parts, "*** End Patch\n"])


def change_of(change: "str | tuple[str, str] | None") -> str:
    if change is None:
        return "delete"
    return "add" if isinstance(change, str) else "update"


def patch_changes(cwd: str, files: Files) -> Json:
    changes: Json = {}
    for path, change in files.items():
        what: Json = {"type": change_of(change)}
        if isinstance(change, tuple):
            diff = f"@@ -1 +1 @@\n-{change[0]}\n+{change[1]}\n"
            what |= {"unified_diff": diff, "move_path": None}
        else:
            what["content"] = "gone\n" if change is None else change
        changes[f"{cwd}/{path}"] = what
    return changes


def patch_success(files: Files) -> str:
    letters = {"add": "A", "update": "M", "delete": "D"}
    listed = [
        f"{letters[kind]} {path}\n"
        for kind in letters
        for path, change in files.items()
        if change_of(change) == kind
    ]
    return "Success. Updated the following files:\n" + "".join(listed)


def patch_output(release: Release, success: str) -> str:
    if release.minor < 134:
        return shell_output(0, success, 0.0)
    return f"Exit code: 0\nWall time: 0 seconds\nOutput:\n{success}"


def patch_failure(release: Release, path: str) -> str:
    problem = f"Failed to read file to update {path}: No such file or directory (os error 2)"
    if release.minor < 58:
        return f"error: {problem}"
    return f"apply_patch verification failed: {problem}"


# ── code mode ───────────────────────────────────────────────────────────────────────────────────


def script(tool: str, arguments: object) -> str:
    """The JavaScript a code-mode model writes to call a tool."""
    if tool in ("exec_command", "shell_command") and isinstance(arguments, dict):
        given = ", ".join(f"{key}: {json.dumps(value)}" for key, value in arguments.items())
        shown = "r.output" if tool == "exec_command" else "r"
        return f"const r = await tools.{tool}({{{given}}}); text({shown})"
    return f"text(JSON.stringify(await tools.{tool}({json.dumps(arguments)})))"


def script_output(result: str, seconds: float = 0.0) -> list[Json]:
    head = f"Script completed\nWall time {seconds:.1f} seconds\nOutput:\n"
    return [{"type": "input_text", "text": head}, {"type": "input_text", "text": result}]
