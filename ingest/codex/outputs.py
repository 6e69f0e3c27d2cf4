"""Parses the output of tools: exit code, duration and body, from the texts of a dozen releases."""

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ingest.codex.facts import CallStatus
from ingest.codex.fields import duration, safe_int, string

# The number of digits is limited: a longer number is no exit code and would not fit a column.
_HEADER = re.compile(
    r"(?:Script (?:(?P<script>completed|failed|terminated)"
    r"|running with (?:cell|session) ID (?P<cell>[^\s]{1,64}))(?:\n|$))?"
    r"(?:Chunk ID: [^\n]*\n)?"
    r"(?:Exit code: (?P<exit>-?\d{1,12})\n)?"
    r"(?:Wall time:? (?P<seconds>\d{1,12}(?:\.\d{1,12})?) seconds?(?:\n|$))?"
    r"(?:Process exited with code (?P<exited>-?\d{1,12})(?:\n|$))?"
    r"(?:Process running with session ID (?P<running>\d{1,12})(?:\n|$))?"
    r"(?:Original token count: \d+(?:\n|$))?"
    r"(?:Total output lines: \d+\n+)?"
    r"(?:Output:(?:\n|$))?"
)
_HEADER_STARTS = ("Chunk ID", "Exit code: ", "Wall time", "Script ")
_COMMAND = "Command: "
_COMMAND_END = re.compile(r"\n(?=Chunk ID: |Wall time: \d)")
_ABORTED = re.compile(r"aborted by user(?: after (\d{1,12}(?:\.\d{1,12})?)s)?|aborted\Z")
_DECLINED = re.compile(
    r"(?:patch|exec command) rejected\b"
    r"|approval policy is Never; reject"
    r"|tool call error: user rejected"
    r"|`[\s\S]{0,8192}?` rejected: "
    r"|exec_command failed for [\s\S]*\bRejected\(\\*\"(?:exec command )?rejected by user"
)
_FAILED = (
    "unsupported call",
    "unsupported custom tool call",
    "failed to parse function arguments",
    "apply_patch verification failed",
    "exec_command failed",
    "execution error",
    "command timed out",
    "failed in sandbox",
    "tool call error: ",
    "write_stdin failed",
    "error: ",
)
_DENIED = re.compile(r"failed in sandbox [^,\n]*, exit code: (-?\d{1,12}), stdout: ")
_SHELL_GONE = re.compile(r"write_stdin failed: unknown ?(?:process|session)", re.IGNORECASE)
_SCRIPT_ERROR = "Script error:\n"
_RESULT = re.compile(
    r"(?:Warning: truncated output[^\n]*\n)?(?:Total output lines: \d+\n+)?(?:Script error:\n)?"
    r"(?:[^\n]{1,200}\n){0,2}?(?=Exit code: -?\d{1,12}\nWall time: )"
)
"""What can precede the answer of a shell in a result of a script, usually a label."""
_SCRIPT_STATUS = {
    "completed": CallStatus.COMPLETED,
    "failed": CallStatus.FAILED,
    "terminated": CallStatus.ABORTED,
}


class ToolOutcome(Struct):
    """How a call ended, according to its output."""

    status: CallStatus
    body: str
    exit_code: int | None = None
    seconds: float | None = None
    shell: str | None = None
    """The id of a command or script that continues running."""


class _Metadata(Struct):
    exit_code: int | None = None
    duration_seconds: float | None = None


class _Structured(Struct):
    output: str
    metadata: _Metadata


_structured = msgspec.json.Decoder(_Structured)


def read_output(text: str) -> ToolOutcome:
    """The outcome according to the text of an output."""
    if text.startswith('{"output":'):
        try:
            answer = _structured.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return ToolOutcome(CallStatus.COMPLETED, text)
        code = safe_int(answer.metadata.exit_code)
        return ToolOutcome(
            _status_for(code), answer.output, code, duration(answer.metadata.duration_seconds)
        )
    if text.startswith(_COMMAND) and (end := _COMMAND_END.search(text)):
        text = text[end.end() :]
    if text.startswith(_HEADER_STARTS):
        return _read_headed(text)
    return _read_plain(text, None)


def _read_headed(text: str) -> ToolOutcome:
    match = _HEADER.match(text)
    if match is None:  # pragma: no cover - every part of the header is optional
        return _read_plain(text, None)
    seconds = float(match["seconds"]) if match["seconds"] else None
    body = text[match.end() :]
    if match["running"] or match["cell"]:
        shell = match["running"] or code_mode_cell(match["cell"])
        return ToolOutcome(CallStatus.RUNNING, body, None, seconds, shell)
    if match["script"]:
        return ToolOutcome(_SCRIPT_STATUS[match["script"]], body.removeprefix("\n"), None, seconds)
    code = match["exit"] or match["exited"]
    if code is None:
        return _read_plain(body, seconds)
    exit_code = int(code)
    return ToolOutcome(_status_for(exit_code), body, exit_code, seconds)


def _read_plain(text: str, seconds: float | None) -> ToolOutcome:
    """The outcome from an output without a header."""
    if aborted := _ABORTED.match(text):
        after = float(aborted[1]) if aborted[1] else seconds
        return ToolOutcome(CallStatus.ABORTED, text, seconds=after)
    if _DECLINED.match(text):
        return ToolOutcome(CallStatus.DECLINED, text, seconds=seconds)
    if denied := _DENIED.match(text):
        return ToolOutcome(CallStatus.FAILED, text, int(denied[1]), seconds)
    status = CallStatus.FAILED if text.startswith(_FAILED) else CallStatus.COMPLETED
    return ToolOutcome(status, text, seconds=seconds)


def _status_for(exit_code: int | None) -> CallStatus:
    return CallStatus.FAILED if exit_code else CallStatus.COMPLETED


def code_mode_cell(name: object) -> str:
    """The id of a running script; ids of shells have another form."""
    return f"cell {name}"


def read_script_output(parts: list[str]) -> ToolOutcome:
    """The outcome of the commands that a script ran: each result has the format of a shell's
    output.
    """
    outcome = read_output("\n".join(parts))
    if outcome.status not in (CallStatus.COMPLETED, CallStatus.FAILED):
        return outcome
    results = parts[1:] or [outcome.body]
    ended = [result for result in map(_read_script_result, results) if result is not None]
    if not ended:
        error = outcome.body.removeprefix(_SCRIPT_ERROR)
        if _DECLINED.match(error):
            outcome.status, outcome.body = CallStatus.DECLINED, error
        return outcome
    outcome.exit_code = next((result.exit_code for result in ended if result.exit_code), 0)
    if outcome.exit_code:
        outcome.status = CallStatus.FAILED
    if len(results) == 1:
        outcome.body = ended[0].body
    return outcome


def _read_script_result(text: str) -> ToolOutcome | None:
    """How a command ended, if a result of a script says so, possibly as JSON."""
    if text.startswith('"'):
        text = string(Raw(text.encode())) or text
    if match := _RESULT.match(text):
        return _read_headed(text[match.end() :])
    fields = answer_fields(text)
    code, body = safe_int(fields.get("exit_code")), fields.get("output")
    if code is None or not isinstance(body, str):
        return None
    return ToolOutcome(_status_for(code), body, code)


def read_stdin_output(text: str) -> ToolOutcome | None:
    """The outcome of a command that received input; None if the input was refused."""
    outcome = read_output(text)
    if not text.startswith("write_stdin failed"):
        return outcome
    if not _SHELL_GONE.match(text):
        return None
    outcome.status = CallStatus.LOST
    return outcome


def refused_plan(text: str) -> bool:
    """Whether Codex answered that there is no plan tool (off by default since 0.152)."""
    return text.startswith(("unsupported call", "failed to parse function arguments"))


_NO_PLAN_TOOL = re.compile(r"^(?:\w*Error: )?tools\.update_plan is not a function", re.MULTILINE)
_SYNTAX_ERROR = re.compile(r"^Script error:\nSyntaxError", re.MULTILINE)


def refused_script_plan(text: str) -> bool:
    """The same for a plan set by a script of code mode."""
    never_ran = text.startswith("Script failed") and _SYNTAX_ERROR.search(text)
    return bool(never_ran or _NO_PLAN_TOOL.search(text))


def answer_fields(text: str) -> dict[str, Any]:
    """The object that a tool returned, if it returned JSON; otherwise empty."""
    if not text.startswith("{"):
        return {}
    try:
        answer = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
