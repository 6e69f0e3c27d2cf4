"""What the schema of 0.171 allows and no release has written yet breaks nothing and is counted."""

import json
from typing import Any

import pytest

from tests.unit.codex.lines import done, event, fold, item, line, meta

ID = {"ordinal": 3, "salt": "a1b2", "value": "w-3"}
ALLOCATION = {"ordinal": 4, "salt": "c3", "value": "i-4", "prefix": "msg", "suffix": "x"}


def counts(*lines: bytes) -> dict[str, Any]:
    found = fold(meta(context_window={"window_id": ID}), *lines)
    assert not found.facts.rejects
    assert found.tally.rejected == 0
    kinds: dict[str, Any] = json.loads(found.facts.segments[0].kinds or "{}")
    return kinds


def test_ids_may_be_objects() -> None:
    context = {"context_window": {"window_id": ID}, "model": "gpt-5.5", "approval_policy": "never"}
    compacted = {"message": "so far", "window_id": ID, "previous_window_id": ID}
    text = {"type": "output_text", "text": "Yes"}
    lines = [
        line("turn_context", context),
        event("task_started", turn_id="t1"),
        line("response_item", {"type": "message", "role": "assistant", "id_allocation": ALLOCATION,
                               "content": [text]},
             metadata={"retained_source": {"id": ID, "revision": ID, "complete": True}}),
        line("inter_agent_communication", {"author": "a", "recipient": "b", "content": "hello",
                                           "id_allocation": ALLOCATION}),
        line("compacted", compacted),
        event("task_complete", turn_id="t1", last_agent_message="Yes"),
    ]  # fmt: skip
    kinds = counts(*lines)
    assert not [kind for kind in kinds if kind.startswith("?")]
    (turn,) = fold(meta(), *lines).facts.turns
    assert (turn.turn_id, turn.state) == ("t1", "completed")


def test_realtime_items_and_calls_in_an_environment_are_known() -> None:
    frame = {"id": "r1", "type": "turn_input_accepted", "observed_at_ms": 5, "frame": {"n": 1}}
    kinds = counts(
        line("realtime_item", frame),
        event("task_started", turn_id="t1"),
        done("t1", "McpToolCall", id="m1", server="files", tool="read", environmentId="local",
             status="completed"),
    )  # fmt: skip
    assert not [kind for kind in kinds if kind.startswith("?")]
    (call,) = fold(
        meta(),
        event("task_started", turn_id="t1"),
        done("t1", "McpToolCall", id="m1", server="files", tool="read", environmentId="local",
             status="completed"),
    ).facts.calls  # fmt: skip
    assert call.tool == "files.read"


def test_a_reference_to_an_older_part_and_new_kinds_are_counted_by_name() -> None:
    reference = {"rollout_path": "/x/rollout.jsonl", "thread_id": "t", "segment_id": ID}
    kinds = counts(
        line("rollout_reference", reference), line("rollout_reference", reference),
        event("something_new"), item("a_new_item", id=ID),
    )  # fmt: skip
    assert kinds["rollout_reference"][0] == 2
    assert {kind: count for kind, (count, _) in kinds.items() if kind.startswith("?")} == {
        "?event_msg/something_new": 1, "?response_item/a_new_item": 1,
    }  # fmt: skip


def test_memories_that_an_answer_used_are_an_event() -> None:
    citation = {
        "entries": [
            {"path": "MEMORY.md", "lineStart": 3, "lineEnd": 9, "note": "tests need postgres"},
            {"path": "memory_summary.md", "lineStart": 1, "lineEnd": 1, "note": ""},
        ],
        "rolloutIds": ["t0"],
    }
    cited = event("agent_message", message="Start postgres first.", memory_citation=citation)
    as_item = done("t1", "AgentMessage", id="m1", memory_citation=citation,
                   content=[{"type": "Text", "text": "Start postgres first."}])  # fmt: skip
    for answer in (cited, as_item):
        facts = fold(meta(), event("task_started", turn_id="t1"), answer).facts
        (used,) = facts.events
        assert (used.kind, used.text) == (
            "memory", "MEMORY.md:3-9 tests need postgres\nmemory_summary.md:1-1",
        )  # fmt: skip
        assert [message.text for message in facts.messages] == ["Start postgres first."]


@pytest.mark.parametrize(
    "citation", [None, [], {}, {"entries": 3}, {"entries": []}, {"entries": [{}, 1]}, "x"]
)
def test_a_citation_in_another_form_changes_nothing(citation: object) -> None:
    facts = fold(meta(), event("agent_message", message="Yes", memory_citation=citation)).facts
    assert (facts.events, len(facts.messages)) == ([], 1)
