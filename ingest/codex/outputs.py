"""What a tool answered: exit code, duration and body, out of the texts of a dozen releases."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from ingest.codex.facts import CallStatus

_HEADER = re.compile(
    r"(?:Chunk ID: [^\n]*\n)?"
    r"(?:Exit code: (?P<exit>-?\d+)\n)?"
    r"(?:Wall time:? (?P<seconds>[\d.]+) seconds?\n)?"
    r"(?:Process exited with code (?P<exited>-?\d+)\n?)?"
    r"(?:Process running with session ID (?P<running>\d+)\n?)?"
    r"(?:Original token count: \d+\n)?"
    r"(?:Total output lines: \d+\n+)?"
    r"(?:Output:\n)?"
)
_HEADS = ("Chunk ID", "Exit code: ", "Wall time")
_ABORTED = re.compile(r"aborted by user(?: after ([\d.]+)s)?")
_REFUSED = (
    "unsupported call",
    "unsupported custom tool call",
    "failed to parse function arguments",
    "apply_patch verification failed",
    "exec_command failed",
    "execution error",
    "command timed out",
    "Script failed",
    "error: ",
)


class Outcome(Struct):
    """How a call ended, as far as its output tells."""

    status: CallStatus
    body: str
    exit_code: int | None = None
    seconds: float | None = None
    shell: str | None = None
    """The session of a command that goes on running."""


class _Metadata(Struct):
    exit_code: int | None = None
    duration_seconds: float | None = None


class _Structured(Struct):
    output: str
    metadata: _Metadata


_structured = msgspec.json.Decoder(_Structured)


def read(text: str) -> Outcome:
    """The outcome that an output text tells."""
    if text.startswith('{"output":'):
        try:
            answer = _structured.decode(text)
        except msgspec.DecodeError:
            return Outcome(CallStatus.COMPLETED, text)
        code = answer.metadata.exit_code
        return Outcome(_by(code), answer.output, code, answer.metadata.duration_seconds)
    if text.startswith(_HEADS):
        return _headed(text)
    if aborted := _ABORTED.match(text):
        seconds = aborted[1]
        return Outcome(CallStatus.ABORTED, text, seconds=float(seconds) if seconds else None)
    if text.startswith(_REFUSED):
        return Outcome(CallStatus.FAILED, text)
    return Outcome(CallStatus.COMPLETED, text)


def _headed(text: str) -> Outcome:
    found = _HEADER.match(text)
    if found is None:  # pragma: no cover - every part of the header is optional
        return Outcome(CallStatus.COMPLETED, text)
    code = found["exit"] or found["exited"]
    seconds = _number(found["seconds"])
    body = text[found.end() :]
    if found["running"]:
        return Outcome(CallStatus.RUNNING, body, None, seconds, found["running"])
    exit_code = int(code) if code else None
    return Outcome(_by(exit_code), body, exit_code, seconds)


def _by(exit_code: int | None) -> CallStatus:
    return CallStatus.FAILED if exit_code else CallStatus.COMPLETED


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def refused_plan(text: str) -> bool:
    """Whether Codex answered a plan with: there is no such tool (off by default since 0.152)."""
    return text.startswith(("unsupported call", "failed to parse function arguments"))


def answer_fields(text: str) -> dict[str, Any]:
    """The object a tool answered with, for those that answer in JSON; empty where it did not."""
    if not text.startswith("{"):
        return {}
    try:
        answer = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
