"""A question of Codex's to its user, and the answer, out of the call that asked. Pure.

What cannot be read as such is told as it stands.
"""

import msgspec
from msgspec import Struct


def question_text(command: str | None) -> str:
    """What was asked, out of the arguments of the tool that asks."""
    try:
        asked = msgspec.json.decode(command or "", type=list[dict[str, object]])
    except msgspec.MsgspecError:
        return command or ""
    return " ".join(str(one["question"]) for one in asked if one.get("question"))


class _Answer(Struct):
    answers: list[str] = []


class _Answers(Struct):
    answers: dict[str, _Answer]


def answer_text(output: str | None) -> str | None:
    """What a person answered; None where nothing says so."""
    try:
        told = msgspec.json.decode(output or "", type=_Answers)
    except msgspec.MsgspecError:
        return output or None
    return "; ".join(text for one in told.answers.values() for text in one.answers) or None
