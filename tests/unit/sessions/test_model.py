"""The prompts and the answer of a turn, whichever phases its messages have."""

import pytest

from ingest.sessions.model import SessionTurn, TurnMessage


def message(text: str, role: str = "assistant", phase: str | None = None) -> TurnMessage:
    return TurnMessage(
        source=1, turn=1, byte=0, at=None, role=role, phase=phase, text=text, chars=len(text)
    )


def turn(*messages: TurnMessage) -> SessionTurn:
    return SessionTurn(
        n=1, source=1, byte=0, id=None, state="completed", started_at=None, ended_at=None,
        seconds=None, trigger=None, model=None, error_code=None, error=None,
        messages=list(messages),
    )  # fmt: skip


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
    messages: list[TurnMessage], answer: str | None
) -> None:
    assert turn(*messages).answer == answer


def test_every_user_message_of_a_turn_is_a_prompt() -> None:
    steered = turn(message("one", "user"), message("hm"), message("two", "user"))
    assert (steered.prompts, steered.answer) == (["one", "two"], "hm")
