"""The stored state of a thread: state written by earlier versions is read completely."""

import json
from typing import Any

import msgspec

from ingest.codex.rejected_runs import RejectedRun
from ingest.codex.state import FoldState, HeldPrompt, Permissions

REVISION: dict[str, Any] = {
    "source": 1,
    "byte": 2,
    "length": 3,
    "turn": 1,
    "time": None,
    "revision": 1,
    "origin": "tool",
    "accepted": True,
    "explanation": None,
    "steps": [],
}
WRITTEN_BEFORE: dict[str, Any] = {
    "segment": {"source": 0, "thread": "x"},
    "prompted": True,
    "answered": True,
    "calling": True,
    "held": [[1, 2, None, "hi"]],
    "tells_failures": True,
    "answered_calls": ["c1"],
    "edits": {"c": [["a.py", "add", None]]},
    "plans": {"p": REVISION},
    "scripted": {"q": [REVISION]},
    "plan_kept": [2, 3, 1],
    "rights": {"read_only": True, "asks_person": False},
    "asks": {"c": ["ls"]},
    "children": ["agent"],
    "review_leaked": True,
    "tokens": {"based": False},
    "stretch": [1, 2, 3, 4],
}


def test_state_written_before_fields_were_renamed_is_read_completely() -> None:
    state = msgspec.json.decode(json.dumps(WRITTEN_BEFORE), type=FoldState)
    assert state.has_user_message
    assert state.has_agent_message
    assert state.called_since_message
    assert state.held_prompts == [HeldPrompt(1, 2, None, "hi")]
    assert state.permissions == Permissions(read_only=True, asks_user=False)
    assert not state.tokens.baseline_known
    assert state.accepted_plan == (2, 3, 1)
    assert state.rejected_run == RejectedRun(1, 2, 3, 4)


def test_state_is_written_with_the_names_that_earlier_versions_read() -> None:
    state = msgspec.json.decode(json.dumps(WRITTEN_BEFORE), type=FoldState)
    written = json.loads(msgspec.json.encode(state))
    assert WRITTEN_BEFORE.keys() <= written.keys()
    renamed = WRITTEN_BEFORE.keys() - {"segment", "tokens"}
    assert {name: written[name] for name in renamed} == {
        name: WRITTEN_BEFORE[name] for name in renamed
    }
    assert written["tokens"]["based"] is False
