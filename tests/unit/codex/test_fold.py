"""The accounting of the fold: every line is stored, rejected or blank, whatever its content."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codex.fold import Fold, LineFault
from ingest.codex.identity import Identity
from tests.soak import SOAK
from tests.unit.codex.lines import THREAD, event, fold, joined, line, meta

NAMES = (
    "session_meta",
    "turn_context",
    "event_msg",
    "response_item",
    "compacted",
    "token_usage_record",
    "inter_agent_communication",
    "world_state",
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "web_search_call",
    "task_started",
    "task_complete",
    "turn_aborted",
    "thread_rolled_back",
    "token_count",
    "user_message",
    "agent_message",
    "item_completed",
    "CommandExecution",
    "FileChange",
    "McpToolCall",
    "UserMessage",
    "entered_review_mode",
    "exited_review_mode",
    "thread_goal_updated",
    "thread_settings_applied",
    "exec_command_end",
    "patch_apply_end",
    "mcp_tool_call_end",
    "collab_agent_spawn_end",
)
KEYS = tuple(
    """
    type payload timestamp ordinal id item call_id name arguments input output content role text
    message info total_token_usage last_token_usage total_tokens input_tokens usage response_id
    turn_id thread_id status action command cwd changes duration secs nanos exit_code error
    duration_ms num_turns goal objective history_base source subagent thread_spawn git namespace
    forked_from_id model effort started_at model_context_window replacement_history result
    invocation server tool target review_output last_agent_message
    """.split()  # noqa: SIM905 - one per line would be a page
)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(NAMES)
    | st.sampled_from(("call_1", THREAD, "2026-11-21T08:00:01.000Z", "*** Begin Patch", "exec")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=14,
)
payloads = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from(KEYS), values, max_size=8),
)
lines = st.builds(
    lambda kind, payload, at: {"timestamp": at, "type": kind, "payload": payload},
    st.sampled_from(NAMES[:8]),
    payloads,
    st.sampled_from(("2026-11-21T08:00:00.000Z", "nonsense", None)),
)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@settings(max_examples=1_000 if SOAK else 50)
@given(st.lists(lines | payloads | values | st.binary(max_size=20), max_size=12))
def test_no_line_raises_and_the_tally_adds_up(found: list[Any]) -> None:
    lined = [one if isinstance(one, bytes) else encoded(one) for one in found]
    raw = [one.replace(b"\n", b"") for one in lined]
    folded = fold(meta(), *raw)
    tally = folded.tally
    assert tally.lines == len(raw) + 1
    assert tally.lines == tally.stored + tally.rejected + tally.blank


@settings(max_examples=1_000 if SOAK else 25)
@given(st.lists(lines | payloads, max_size=10), st.integers(0, 10))
def test_folding_in_two_ranges_gives_the_facts_of_one(found: list[Any], cut: int) -> None:
    raw = [meta(), *map(encoded, found)]
    whole = fold(*raw)
    first = Fold(1, THREAD)
    first.feed(0, joined(raw[:cut]))
    begun = first.finish()
    second = Fold(1, THREAD, begun.state)
    second.feed(sum(len(one) + 1 for one in raw[:cut]), joined(raw[cut:]))
    ended = second.finish()
    assert ended.facts.segments == whole.facts.segments
    for table in ("messages", "usage", "files", "events", "agents", "goals", "rollbacks"):
        together = getattr(begun.facts, table) + getattr(ended.facts, table)
        assert together == getattr(whole.facts, table)
    for table in ("turns", "calls", "plans"):
        stale = {byte for name, byte in ended.stale if name == table}
        kept = [fact for fact in getattr(begun.facts, table) if fact.byte not in stale]
        together = sorted((*kept, *getattr(ended.facts, table)), key=lambda fact: fact.byte)
        assert together == sorted(getattr(whole.facts, table), key=lambda fact: fact.byte)


def test_blank_lines_are_counted_as_blank() -> None:
    tally = fold(meta(), b"", b"  ", b"\r").tally
    assert (tally.lines, tally.stored, tally.blank, tally.rejected) == (4, 1, 3, 0)


def test_unknown_kinds_are_stored_and_counted_by_name() -> None:
    folded = fold(meta(), line("hologram", {}), event("sneeze"))
    (segment,) = folded.facts.segments
    assert segment.unknown_lines == 2
    kinds = json.loads(segment.kinds or "")
    assert {"?hologram", "?event_msg/sneeze", "session_meta"} == set(kinds)


def test_unknown_last_line_still_sets_the_time_of_last_activity() -> None:
    later = "2026-11-21T09:00:00.000Z"
    (segment,) = fold(meta(), line("hologram", {}, later)).facts.segments
    assert segment.last_at == later


def test_copied_lines_are_counted_and_set_the_last_time() -> None:
    later = "2026-11-21T08:00:00.100Z"
    folded = fold(
        meta(forked_from_id="other"),
        line("session_meta", {"id": "other", "timestamp": "2026-11-20T08:00:00.000Z"}, later),
        event("user_message", later, message="copied"),
    )
    (segment,) = folded.facts.segments
    assert folded.facts.messages == []
    assert (segment.replayed_lines, segment.last_at) == (2, later)


def test_exception_in_our_code_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identity, "settings", _fails)
    with pytest.raises(LineFault) as fault:
        fold(meta(), event("thread_settings_applied"))
    assert fault.value.offset == len(meta()) + 1


def test_line_that_raised_is_rejected_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Identity, "settings", _fails)
    records = (meta(), event("thread_settings_applied"), event("user_message", message="after"))
    at = len(records[0]) + 1
    folded = fold(*records, faults={at: "the trace"})
    assert [message.text for message in folded.facts.messages] == ["after"]
    (reject,) = folded.facts.rejects
    assert (reject.reason, reject.byte, reject.whole) == ("fault", at, True)
    assert (reject.length, reject.trace) == (len(records[1]), "the trace")
    assert (folded.tally.stored, folded.tally.rejected) == (2, 1)


def _fails(*_: object) -> None:
    raise ZeroDivisionError("a made-up fault")
