"""Lines of any content: the lines around them are always stored, and each is accounted for."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.codex.messages import Messages
from ingest.pipeline.run import RunSettings
from tests.build.rollout import Rollout
from tests.faults.fault_harness import FaultHarness, one_shot
from tests.soak import SOAK
from tests.unit.tail.builders import rollout

TIME = "2026-11-21T08:00:00.500Z"


def event(message: str, time: object = TIME) -> bytes:
    """A message of the agent, as Codex writes it."""
    item = {"type": "AgentMessage", "id": "m", "content": [{"type": "Text", "text": message}]}
    payload = {"type": "item_completed", "thread_id": "t", "turn_id": "u", "item": item}
    record = {"timestamp": time, "type": "event_msg", "payload": payload}
    return json.dumps(record, separators=(",", ":")).encode()


def with_line(harness: FaultHarness, line: bytes) -> Rollout:
    """A session with this line in its middle, read in small batches."""
    return with_each(harness, {"this": line})["this"]


def with_each(harness: FaultHarness, lines: dict[str, bytes]) -> dict[str, Rollout]:
    """One session for each of these lines, with the line in its middle; read in small batches."""
    sessions = {what: _with_line(harness, line) for what, line in lines.items()}
    harness.read(RunSettings(batch_bytes=20_000, line_cap=1 << 20))
    return sessions


def _with_line(harness: FaultHarness, line: bytes) -> Rollout:
    session = harness.session("partial")
    lines = session.lines
    middle = len(lines) // 2
    line = line.replace(b'"thread_id":"t"', b'"thread_id":"%s"' % session.thread.id.encode())
    session.path.write_bytes(b"".join([*lines[:middle], line + b"\n", *lines[middle:]]))
    return session


def rejects(harness: FaultHarness) -> list[tuple[str, int]]:
    return [(reason, byte) for reason, byte in harness.rows("select reason, byte from rejects")]


def neighbours_are_whole(harness: FaultHarness, session: Rollout) -> None:
    each_neighbour_is_whole(harness, {"this": session})


def each_neighbour_is_whole(harness: FaultHarness, sessions: dict[str, Rollout]) -> None:
    """All facts of the sessions without these lines are stored, and every line is accounted for."""
    cursors = harness.rows(
        "select s.thread, c.lines, c.stored + c.rejected + c.blank "
        "from cursors c join sources s on s.id = c.source"
    )
    accounted = {thread: (lines, rest) for thread, lines, rest in cursors}
    for what, session in sessions.items():
        count = len(session.lines) + 1
        assert accounted[session.thread.id] == (count, count), what
    stored = texts_and_commands(harness)
    for session in sessions.values():
        session.path.unlink()
        session.write()
    harness.forget()
    harness.read(RunSettings())
    whole = texts_and_commands(harness)
    for what, session in sessions.items():
        assert whole[session.thread.id] <= stored[session.thread.id], what


def texts_and_commands(harness: FaultHarness) -> dict[str, set[str]]:
    """The texts and commands of each thread."""
    found: dict[str, set[str]] = {}
    for thread, text in harness.rows(
        "select s.thread, m.text from messages m join sources s on s.id = m.source "
        "union all select s.thread, c.command from calls c join sources s on s.id = c.source"
    ):
        found.setdefault(thread, set()).add(text)
    return found


BAD = {
    "not json": b"{this is no json",
    "half a record": event("cut off")[:-20],
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"5",
    "null": b"null",
    "zeros": bytes(500),
    "binary": bytes(range(1, 10)) + bytes(range(11, 256)),
    "nested": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested lists": b"[" * 100_000,
    "utf-16": '{"timestamp": "x"}'.encode("utf-16"),
}


@pytest.mark.fault("L01", "L02", "L08", "L12")
def test_a_line_that_is_not_a_record_is_stored_with_its_offset_and_reason(
    harness: FaultHarness,
) -> None:
    sessions = with_each(harness, BAD)
    # Half of the bytes of UTF-16 look like newlines in other encodings.
    del sessions["utf-16"]
    rejected = harness.rows(
        "select s.thread, r.byte from rejects r join sources s on s.id = r.source"
    )
    for what, session in sessions.items():
        at = sum(map(len, session.lines[: len(session.lines) // 2]))
        assert [byte for thread, byte in rejected if thread == session.thread.id] == [at], what
    each_neighbour_is_whole(harness, sessions)


GOOD = {
    "not quite utf-8": event("caf\u00e9").replace(b"\\u00e9", b"\xe9"),
    "a lone surrogate": event("x").replace(b'"x"', b'"\\ud800 alone"'),
    "a zero": event("before\x00after"),
    "raw control characters": event("x").replace(b'"x"', b'"\x01\x1b[31m\x7f"'),
    "separators": event("x").replace(b'"x"', '"a\u2028b\u2029c\x85d\x0be\x0cf"'.encode()),
    "a carriage return": event("x") + b"\r",
    "a byte order mark": b"\xef\xbb\xbf" + event("x"),
    "a long number": event("x")[:-1] + b', "n": ' + b"9" * 25 + b"}",
    "a very long number": event("x")[:-1] + b', "n": ' + b"9" * 5_000 + b"}",
    "infinity": event("x")[:-1] + b', "n": 1e400}',
    "an unknown kind": b'{"timestamp":"%s","type":"quantum","payload":{}}' % TIME.encode(),
    "an unknown event": event("x").replace(b"item_completed", b"telepathy"),
    "missing fields": b'{"type":"event_msg"}',
    "wrong types": b'{"timestamp":17,"type":"event_msg","payload":"text"}',
    "no time": event("x", None),
    "the year one": event("x", "0001-01-01T00:00:00Z"),
    "a year too far": event("x", "999999-01-01T00:00:00Z"),
    "the end of all time": event("x", "infinity"),
    "a year of five digits": event("x", "12026-01-01T00:00:00Z"),
    "the year nought": event("x", "0000-01-01T00:00:00Z"),
    "no date at all": event("x", "yesterday"),
    "back in time": event("x", "1999-01-01T00:00:00Z"),
    "sql": event("'); drop table turns; --"),
    "a secret": event("export TOKEN=not-a-real-one"),
}


@pytest.mark.fault("L02", "L03", "L04", "L05", "L09", "L11", "L16", "L20")
def test_a_strange_record_is_stored_and_affects_no_other(harness: FaultHarness) -> None:
    sessions = with_each(harness, GOOD)
    assert harness.facts() == harness.expected_facts()
    each_neighbour_is_whole(harness, sessions)


@pytest.mark.fault("L16")
def test_a_rollback_of_more_turns_than_can_be_counted_drops_those_there_are(
    harness: FaultHarness,
) -> None:
    session = harness.home.session("g2")
    session.prompt("Never mind")
    session.event("thread_rolled_back", num_turns=3_000_000_000)
    session.write()
    harness.session("chat")
    harness.read()
    assert set(harness.states()) == {"completed"}
    assert harness.rows("select text from messages where text = 'Never mind'") != []


@pytest.mark.fault("L13")
@pytest.mark.parametrize("cut", [1, 30, 60, 70, 100])
def test_a_complete_record_after_a_torn_one_is_read(harness: FaultHarness, cut: int) -> None:
    session = with_line(harness, event("never finished")[:cut] + event("the whole one"))
    assert harness.rows("select count(*) from messages where text = 'the whole one'") == [(1,)]
    assert len(rejects(harness)) == 1
    assert harness.facts() == harness.expected_facts()
    neighbours_are_whole(harness, session)


@pytest.mark.fault("L14")
def test_identical_lines_are_all_stored(harness: FaultHarness) -> None:
    session = harness.home.session("g1")
    session.prompt("Again")
    session.write()
    line = b'{"timestamp":"%s","type":"a_new_kind","payload":{}}\n' % TIME.encode()
    session.path.write_bytes(session.bytes() + line * 50)
    harness.read(RunSettings(batch_bytes=1_000))
    assert harness.rows("select lines from cursors") == [(len(session.lines) + 50,)]
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("L07")
def test_a_line_above_the_limit_is_stored_with_its_offset_and_excerpt(
    harness: FaultHarness,
) -> None:
    """A hundred megabytes by default; the limit is lower here, so that the test is fast."""
    session = with_line(harness, b'{"text":"' + b"x" * (100 << 20) + b'"}')
    ((reason, length, head, tail),) = harness.rows("select reason, length, head, tail from rejects")
    assert length == (100 << 20) + 11
    assert reason
    assert len(head) < 10_000
    assert len(tail) < 10_000
    ((lines, accounted),) = harness.rows("select lines, stored + rejected + blank from cursors")
    assert lines == accounted == len(session.lines) + 1


@pytest.mark.fault("L19")
def test_an_error_in_our_code_rejects_only_that_record(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Messages._add_answer

    def fails(self: Messages, text: str, *rest: Any) -> None:
        if text == "poisoned":
            raise AssertionError("a mistake of ours")
        original(self, text, *rest)

    monkeypatch.setattr(Messages, "_add_answer", fails)
    session = with_line(harness, event("poisoned"))
    assert [reason for reason, _ in rejects(harness)] == ["fault"]
    neighbours_are_whole(harness, session)


lines = st.one_of(
    st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")),
    st.sampled_from([*GOOD.values(), b"", b" ", b"\r"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)


@pytest.mark.fault("L01", "L02", "L05", "L11", "L16", "F19")
@given(content=st.lists(lines, max_size=12))
@settings(
    max_examples=150 if SOAK else 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_line_of_any_file_is_accounted_for(
    harness: FaultHarness, content: list[bytes]
) -> None:
    path = harness.home.path / "sessions" / rollout()
    harness.home.history_path.write_bytes(b"".join(line + b"\n" for line in content))
    path.write_bytes(b"".join(line + b"\n" for line in content))
    harness.forget()
    harness.read(RunSettings(batch_bytes=200))
    for row in harness.rows("select lines, stored + rejected + blank, partial from cursors"):
        assert row == (len(content), len(content), 0)
    for stale in harness.folder.glob("expected-*"):
        if stale.is_file():
            stale.unlink()
    assert harness.facts() == one_shot(harness.home.path, harness.folder)
