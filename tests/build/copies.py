"""How history gets from one session file into another: verbatim lines with the time of the copy."""

import json

from tests.build.line import Json, iso

CHILD_HINT = (
    "You are now a newly spawned child agent. The preceding conversation is inherited parent "
    "context. Follow your own role, identity, and task below."
)
FORKED_HINT = (
    "You are the newly spawned agent. The prior conversation history was forked from your parent "
    "agent. Treat the next user message as your new task, and use the forked history only as "
    "background context."
)
NOT_FOR_AGENTS = {"item_completed", "token_count", "thread_settings_applied"}


def whole(lines: list[bytes]) -> list[Json]:
    """A user's fork in legacy files: everything but the usage records."""
    records: list[Json] = [json.loads(line) for line in lines]
    return [record for record in records if record["type"] != "token_usage_record"]


def for_agent(lines: list[bytes]) -> list[Json]:
    """What a paginated agent inherits: the conversation without its bookkeeping."""
    return [
        record for record in whole(lines) if record["payload"].get("type") not in NOT_FOR_AGENTS
    ]


def restamped(records: list[Json], ms: int) -> list[Json]:
    """The same lines, written within one or two milliseconds."""
    half = len(records) // 2
    return [
        {**record, "timestamp": iso(ms + (number >= half))} for number, record in enumerate(records)
    ]
