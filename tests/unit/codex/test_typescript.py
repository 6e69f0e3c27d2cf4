"""G0: one JSON document per session, as the TypeScript program saved it."""

import json

from ingest.codex import typescript
from ingest.codex.fold import Fold
from tests.unit.codex.lines import THREAD

SESSION = {"timestamp": "2025-05-01T10:00:00.000Z", "id": "x", "instructions": ""}
ITEMS = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix it"}]},
    {
        "type": "function_call",
        "name": "shell",
        "arguments": '{"command":["ls"]}',
        "call_id": "c",
    },
    {
        "type": "function_call_output",
        "call_id": "c",
        "output": '{"output":"a","metadata":{"exit_code":0}}',
    },
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done"}]},
]


def folded(data: bytes) -> Fold:
    fold = Fold(1, THREAD)
    typescript.feed(fold, data)
    fold.finish()
    return fold


def test_items_keep_their_byte_offsets() -> None:
    data = json.dumps({"session": SESSION, "items": ITEMS}, indent=2).encode()
    fold = folded(data)
    assert [message.text for message in fold.facts.messages] == ["Fix it", "Done"]
    (call,) = fold.facts.calls
    assert (call.command, call.status, call.exit_code) == ("ls", "completed", 0)
    for message in fold.facts.messages:
        part = json.loads(data[message.byte : message.byte + message.length])
        assert part["content"][0]["text"] == message.text
    (segment,) = fold.facts.segments
    assert (segment.generation, segment.started_at) == ("G0", SESSION["timestamp"])
    assert [(turn.n, str(turn.state)) for turn in fold.facts.turns] == [(1, "completed")]
    assert fold.tally.lines == fold.tally.stored == 5


def test_duplicate_items_have_different_offsets() -> None:
    data = json.dumps({"session": SESSION, "items": [ITEMS[0], ITEMS[0]]}).encode()
    first, second = folded(data).facts.messages
    assert first.byte + first.length < second.byte


def test_a_broken_document_is_rejected_as_a_whole() -> None:
    for data in (b"{", b"[]", b'{"session": {}}', b"\xff", b"[" * 100_000):
        fold = folded(data)
        (reject,) = fold.facts.rejects
        assert (reject.byte, reject.length, reject.whole) == (0, len(data), True)
        assert (fold.tally.lines, fold.tally.rejected) == (1, 1)


def test_unknown_item_does_not_hide_the_others() -> None:
    data = json.dumps({"session": SESSION, "items": [{"type": "song"}, 7, *ITEMS]}).encode()
    fold = folded(data)
    assert [message.text for message in fold.facts.messages] == ["Fix it", "Done"]
    assert (fold.tally.lines, fold.tally.rejected) == (7, 1)
