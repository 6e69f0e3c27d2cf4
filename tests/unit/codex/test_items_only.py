"""Files of other programs with items and without events still have prompts and turns."""

import pytest

from ingest.codex.facts import Facts
from tests.unit.codex.lines import call, event, fold, item, meta, output, turns


def spoken_message(role: str, text: str, at: str = "2026-11-21T08:00:00.000Z") -> bytes:
    kind = "output_text" if role == "assistant" else "input_text"
    return item("message", at, role=role, content=[{"type": kind, "text": text}])


FOREIGN = (
    meta(),
    spoken_message("developer", "Be brief"),
    spoken_message("user", "<environment_context>\n</environment_context>"),
    spoken_message("user", "Fix the lexer", "2026-11-21T08:00:01.000Z"),
    call("shell", "c", command=["make"]),
    output("c", "ok"),
    spoken_message("assistant", "Fixed.", "2026-11-21T08:00:09.000Z"),
    spoken_message("user", "And the parser"),
    spoken_message("assistant", "That, too."),
)


def messages(facts: Facts) -> list[tuple[str, str, int]]:
    return [(one.role, one.text, one.turn) for one in facts.messages]


def test_items_without_events_are_prompts_answers_and_turns() -> None:
    folded = fold(*FOREIGN)
    assert messages(folded.facts) == [
        ("user", "Fix the lexer", 1),
        ("assistant", "Fixed.", 1),
        ("user", "And the parser", 2),
        ("assistant", "That, too.", 2),
    ]
    assert [(turn.n, turn.state) for turn in folded.facts.turns] == [
        (1, "completed"), (2, "completed")
    ]  # fmt: skip
    assert folded.facts.turns[0].started_at == "2026-11-21T08:00:01.000Z"
    assert folded.facts.turns[0].byte == len(b"\n".join(FOREIGN[:3])) + 1
    assert [one.turn for one in folded.facts.calls] == [1]
    assert folded.state.segment.first_prompt == "Fix the lexer"


@pytest.mark.parametrize("cut", range(1, len(FOREIGN)))
def test_slicing_does_not_change_the_facts(cut: int) -> None:
    first = fold(*FOREIGN[:cut])
    second = fold(*FOREIGN[cut:], state=first.state)
    assert messages(first.facts) + messages(second.facts) == messages(fold(*FOREIGN).facts)


def test_items_beside_events_add_no_second_message() -> None:
    lines = (
        meta(),
        spoken_message("user", "# Something that a newer Codex writes there"),
        spoken_message("user", "Fix the lexer"),
        event("user_message", message="Fix the lexer"),
        spoken_message("assistant", "Fixed."),
        event("agent_message", message="Fixed."),
    )
    assert [text for _, text, _ in messages(fold(*lines).facts)] == ["Fix the lexer", "Fixed."]
    assert turns(*lines) == [(None, "completed")]


@pytest.mark.parametrize("begin", [[], [event("task_started", turn_id="a")]])
def test_codex_can_continue_such_a_file(begin: list[bytes]) -> None:
    lines = (
        *FOREIGN,
        *begin,
        spoken_message("user", "Go on"),
        event("user_message", message="Go on"),
        spoken_message("assistant", "Gone on."),
        event("agent_message", message="Gone on."),
    )
    assert [text for _, text, _ in messages(fold(*lines).facts)][4:] == ["Go on", "Gone on."]


def test_unanswered_prompt_item_is_held_until_the_next_record() -> None:
    assert fold(meta(), spoken_message("user", "Fix the lexer")).facts.messages == []
