"""The user's request in a prompt, without what a program wrote around it. Pure.

Editors and the desktop program put the open files before a request, command files add their
instructions after it, and some prompts are written by Codex itself for its own helpers.
"""

import re
from typing import Final

_REQUEST_HEADING: Final = re.compile(r"^#{1,3} My request for Codex:?[ \t]*$", re.MULTILINE)
"""The request follows it; before it is what an editor shows (`# Context from my IDE`)."""
_USER_INPUT: Final = re.compile(r"\A\s*#{1,3} User Input[ \t]*\n(.*?)(?=\n#{1,3} |\Z)", re.DOTALL)
_ARGUMENTS_PLACEHOLDER: Final = "$ARGUMENTS"
"""The placeholder of a command file whose input is empty."""
_FENCED: Final = re.compile(r"^```[^\n]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_PLAN_ORDER: Final = re.compile(r"\A\s*PLEASE IMPLEMENT THIS PLAN:?", re.IGNORECASE)
_APPROVAL_REVIEW_PROMPT: Final = re.compile(r"\A\s*The following is the Codex agent history")
_TITLE_PROMPT: Final = re.compile(
    r"\A(?:\s*|.{0,2000}?\n)Generate a concise UI title"
    r"|\AYou are a helpful assistant\. You will be presented with a user prompt,"
    r" and your job is to provide a short title",
    re.DOTALL,
)
_MARKUP: Final = re.compile(r"^(?:#{1,6}\s+|</?[\w-]+(?:\s[^<>]*)?>\s*|```(?:[\w+#-]*$|\s*)|>\s+)+")
_LETTER: Final = re.compile(
    r"Message Type: (\w+)\nTask name: [^\n]*\nSender: ([^\n]*)\nPayload:\n?(.*)", re.DOTALL
)
"""What one agent sends another."""
APPROVAL_REVIEW: Final = "Approval review"
TITLE_REQUEST: Final = "Title request"


def request_in(text: str) -> str:
    """The words of the user; empty if there are none."""
    requests = list(_REQUEST_HEADING.finditer(text))
    if requests:
        return text[requests[-1].end() :].strip()
    if user_input := _USER_INPUT.match(text):
        fenced = _FENCED.search(user_input[1])
        content = (fenced or user_input)[1].strip()
        return "" if content == _ARGUMENTS_PLACEHOLDER else content
    return _PLAN_ORDER.sub("", text, count=1).strip()


def letter_text(text: str, task: str | None = None) -> str:
    """What another agent wrote and its name, in one line less than Codex. Codex encrypts new tasks;
    `task` is what such an agent was started with. Other texts stay as they are.
    """
    letter = _LETTER.fullmatch(text)
    if letter is None:
        return text
    kind, sender, payload = letter.groups()
    about = f"{kind.lower().replace('_', ' ')} from {sender.rpartition('/')[2]}"
    return f"{about}: {payload.strip() or task or '(encrypted)'}"


def written_by_codex(text: str) -> str | None:
    """The purpose of a prompt that Codex wrote for a helper of its own; None for the user's
    prompts.
    """
    if _APPROVAL_REVIEW_PROMPT.match(text):
        return APPROVAL_REVIEW
    return TITLE_REQUEST if _TITLE_PROMPT.match(text) else None


def title_in(text: str) -> str:
    """The title of a session with this prompt: the first line of the request that contains
    words.
    """
    if name := written_by_codex(text):
        return name
    lines = (_MARKUP.sub("", line.strip()).strip() for line in request_in(text).splitlines())
    return next((line for line in lines if line), "")
