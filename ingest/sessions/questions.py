"""Extracts Codex's questions to the user, and the answers, from tool calls. Pure.

Text that cannot be parsed is returned unchanged.
"""

import msgspec
from msgspec import Struct


def question_text(command: str | None) -> str:
    """The questions in the arguments of the tool call."""
    try:
        questions = msgspec.json.decode(command or "", type=list[dict[str, object]])
    except msgspec.MsgspecError:
        return command or ""
    return " ".join(str(question["question"]) for question in questions if question.get("question"))


class _Answer(Struct):
    answers: list[str] = []


class _Answers(Struct):
    answers: dict[str, _Answer]


def answer_text(output: str | None) -> str | None:
    """The user's answers; None if there are none."""
    try:
        answers = msgspec.json.decode(output or "", type=_Answers)
    except msgspec.MsgspecError:
        return output or None
    return "; ".join(text for answer in answers.answers.values() for text in answer.answers) or None
