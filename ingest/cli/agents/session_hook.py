"""The brief as a hook of Codex gives it to a session that begins: `tailboard resume --hook`.

Codex writes what begins to standard input. A hook must not stand in the way of a session: without a
brief, and after any error of ours, the answer is `{}`, and the exit code is 0.
"""

import contextlib
import json
from typing import Any, Final, TextIO

from ingest import log
from ingest.cli.agents import answers
from ingest.cli.agents.request import request_at
from ingest.cli.invocation import Invocation
from ingest.errors import DatabaseError, NotFound, Refused
from ingest.projects.safe_export import masked

CHARS: Final = 3000
_WORDS: Final = 380
_INPUT: Final = 64 * 1024
_MORE: Final = "\nThe tools project_resume and history_get of the server tailboard know more.\n"


def answer(invocation: Invocation, given: TextIO) -> str:
    about = _read(given)
    text = ""
    with contextlib.suppress(NotFound, Refused), log.suppress("A brief for Codex", DatabaseError):
        invocation.require_memory()
        request = request_at(
            invocation, invocation.aware_now, about.get("cwd"), about.get("session_id")
        )
        with request.read() as access:
            text = masked(answers.brief(request, access, _WORDS))
    if not text:
        return "{}"
    room = CHARS - len(_MORE)
    if len(text) > room:
        text = text[:room].rpartition("\n")[0] + "\n"
    output = {"hookEventName": "SessionStart", "additionalContext": text + _MORE}
    return json.dumps({"hookSpecificOutput": output}, ensure_ascii=False)


def _read(given: TextIO) -> dict[str, Any]:
    """What Codex says about the session; empty on a terminal, or if it cannot be read."""
    if given.isatty():
        return {}
    try:
        about = json.loads(given.read(_INPUT))
    except (ValueError, OSError):
        return {}
    if not isinstance(about, dict):
        return {}
    return {key: value for key, value in about.items() if isinstance(value, str) and value}
