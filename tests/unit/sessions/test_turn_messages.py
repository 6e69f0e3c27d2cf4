"""What was asked and answered in a turn, whichever phases its messages have."""

from typing import Any

import pytest

from ingest.sessions.turn_messages import messages_by_turn


def message(text: str, role: str = "assistant", phase: str | None = None) -> dict[str, Any]:
    return {"source": 1, "turn": 1, "role": role, "phase": phase, "text": text}


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([message("first"), message("last")], "last"),
        ([message("mine", phase="final_answer"), message("last")], "last"),
        ([message("mine", phase="final_answer"), message("so", phase="commentary")], "mine"),
        ([message("so", phase="commentary"), message("which?", phase="question")], "so"),
        ([message("which?", phase="question")], "which?"),
        ([message("long ago", phase="summary")], None),
    ],
)
def test_the_last_message_that_answers_is_the_answer(
    messages: list[dict[str, Any]], answer: str | None
) -> None:
    assert messages_by_turn(messages)[1, 1].answer == answer


def test_everything_a_person_says_in_a_turn_is_a_prompt_of_it() -> None:
    said = messages_by_turn([message("one", "user"), message("hm"), message("two", "user")])[1, 1]
    assert (said.prompts, said.answer) == (["one", "two"], "hm")
