"""Sessions as they are listed, for tests without a database."""

from datetime import datetime, timedelta
from typing import Any

from ingest.codex.liveness import SessionState
from ingest.sessions.session import Session, Tokens

MORNING = datetime(2026, 11, 21, 8)


def session(id_: str = "a", /, *, minutes: int = 0, **fields: Any) -> Session:
    """A session that began this many minutes after the first, and ran for five."""
    started = MORNING + timedelta(minutes=minutes)
    plain: dict[str, Any] = dict.fromkeys(Session.__struct_fields__)
    plain |= {
        "id": id_,
        "root_id": id_,
        "project": "sample",
        "project_id": "sample",
        "began_on": fields.get("branch"),
        "state": SessionState.DONE,
        "state_reason": "The last turn is completed.",
        "started_at": started,
        "last_at": started + timedelta(minutes=5),
        "turns": 1,
        "commands": 0,
        "failed_commands": 0,
        "plan_total": 0,
        "plan_done": 0,
        "tokens": Tokens(),
        "archived": False,
        "path": "/rollout.jsonl",
        "home": "/codex",
        "home_id": "h",
    }
    return Session(**plain | fields)
