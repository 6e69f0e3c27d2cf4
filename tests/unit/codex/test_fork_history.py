"""The end of copied history: messages of a parent are not counted again in its children."""

import pytest

from tests.unit.codex.lines import THREAD, event, fold, line, meta

PARENT = "01a1fd2a-0000-7000-8000-000000000000"
OLDER = "01a1fd2a-1111-7000-8000-000000000000"
YOUNGER = "01a1fd2b-1111-7000-8000-000000000000"
COPIED = "2026-11-21T08:00:00.002Z"
OWN = "2026-11-21T08:00:00.010Z"
LATER = "2026-11-21T08:00:03.000Z"
BEGIN = 1_795_248_000
"""2026-11-21T08:00:00Z, when the thread of these lines began."""


def prompts(*lines: bytes) -> list[str]:
    return [message.text for message in fold(*lines).facts.messages]


def prompt(text: str, at: str, **more: int) -> bytes:
    return line("event_msg", {"type": "user_message", "message": text}, at, **more)


def started(turn: str, at: str, started_at: int | None = None) -> bytes:
    return event("task_started", at, turn_id=turn, started_at=started_at)


FORK = meta(forked_from_id=PARENT)
ANCESTOR = line("session_meta", {"id": PARENT, "timestamp": "2026-11-20T08:00:00.000Z"}, COPIED)


def test_newer_turn_id_ends_the_copy() -> None:
    assert THREAD < YOUNGER
    history = (started(OLDER, COPIED), prompt("copied", COPIED))
    assert prompts(FORK, ANCESTOR, *history, started(YOUNGER, OWN), prompt("own", OWN)) == ["own"]


def test_second_header_of_another_thread_begins_a_copy() -> None:
    history = (ANCESTOR, started(OLDER, COPIED), prompt("copied", COPIED))
    assert prompts(meta(), *history, started(YOUNGER, OWN), prompt("own", OWN)) == ["own"]


def test_turn_without_a_sortable_id_is_judged_by_its_start_time() -> None:
    history = (started("copied-turn", COPIED, BEGIN - 60), prompt("copied", COPIED))
    own = (started("own-turn", OWN, BEGIN), prompt("own", OWN))
    assert prompts(FORK, ANCESTOR, *history, *own) == ["own"]


def test_without_turn_events_a_pause_ends_the_copy() -> None:
    history = (prompt("copied", COPIED), prompt("copied too", OWN), prompt("own", LATER))
    assert prompts(FORK, ANCESTOR, *history) == ["own"]


def test_a_pause_within_a_copy_with_turn_events_does_not_end_it() -> None:
    history = (started(OLDER, COPIED), prompt("copied", COPIED), prompt("copied late", LATER))
    assert prompts(FORK, ANCESTOR, *history, started(YOUNGER, LATER), prompt("own", LATER)) == [
        "own"
    ]


def test_start_ordinal_in_the_header_ends_the_copy() -> None:
    agent = meta(forked_from_id=PARENT, history_mode="paginated", subagent_history_start_ordinal=5)
    history = (prompt("copied", LATER, ordinal=4), prompt("own", LATER, ordinal=5))
    assert prompts(agent, *history) == ["own"]


def test_a_fork_by_pointer_has_no_copied_lines() -> None:
    base = {"thread_id": PARENT, "end_byte_offset": 100, "end_ordinal_exclusive": 4}
    forked = meta(forked_from_id=PARENT, history_mode="paginated", history_base=base)
    folded = fold(forked, prompt("own", COPIED, ordinal=5))
    assert [message.text for message in folded.facts.messages] == ["own"]
    segment = folded.facts.segments[0]
    assert (segment.base_thread, segment.base_offset, segment.base_ordinal) == (PARENT, 100, 4)


@pytest.mark.parametrize("at", ["nonsense", "2026-11-20T08:00:00.000Z"])
def test_a_line_older_than_the_thread_is_copied(at: str) -> None:
    assert (
        prompts(FORK, prompt("copied", COPIED), prompt("copied too", "2026-11-20T08:00:00Z")) == []
    )


def test_repeated_header_does_not_begin_a_copy() -> None:
    assert prompts(meta(), meta(), prompt("own", COPIED), meta(git={"branch": "x"})) == ["own"]
    assert fold(meta(), meta(git={"branch": "x"})).facts.segments[0].branch == "x"
