"""The turns of a file, how they ended, and the prompts in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracle.records import File, Json, Record, minor

INJECTED = re.compile(
    r"\s*(<(environment_context|user_instructions|turn_aborted|subagent_notification|user_action"
    r"|goal_context|user_shell_command|permissions|collaboration_mode|skill|INSTRUCTIONS)\b"
    r"|# AGENTS\.md instructions|Warning: )"
)
REVIEW = {"event:entered_review_mode", "done:EnteredReviewMode"}
REVIEWED = {"event:exited_review_mode", "done:ExitedReviewMode"}
CALLS = {"item:function_call", "item:custom_tool_call", "item:local_shell_call"}
ANSWERS = {"event:agent_message", "done:AgentMessage", *REVIEWED}
EXCUSES = {"done:Plan", "compacted", "event:context_compacted", *REVIEW}


def joined(content: object, by: str = "") -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return by.join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def walk(file: File) -> Iterator[tuple[Record, str | None, bool]]:
    """Every record, its prompt if there is one, and whether it belongs to a review.

    If a file has no records of prompts, they are the messages that Codex did not add. The first
    message of a review is written by Codex.
    """
    has_event = any(one.kind in ("event:user_message", "done:UserMessage") for one in file.records)
    reviewing = False
    for record in file.mine:
        reviewing = record.kind in REVIEW or (reviewing and record.kind not in REVIEWED)
        yield record, None if reviewing else text_of(record, has_event), reviewing


def text_of(record: Record, has_event: bool) -> str | None:
    body, text = record.body, ""
    if record.kind == "event:user_message" and body.get("kind") in (None, "plain"):
        text = str(body.get("message") or "")
    elif record.kind == "done:UserMessage":
        text = joined(body.get("content"))
    elif record.kind == "item:message" and body.get("role") == "user" and not has_event:
        text = joined(body.get("content"))
        text = "" if INJECTED.match(text) else text
    return text if text.strip() else None


def prompts(file: File) -> list[str]:
    return [text for _, text, _ in walk(file) if text]


@dataclass
class Turn:
    id: str | None
    first: Record
    marked: bool
    """Its beginning and end have records of their own."""
    state: str = "open"
    answered: bool = False
    """The agent sent a message and called no tool after that."""
    excused: bool = False
    """An end without an answer is no failure: a plan, a compaction, a review, a `!command`."""


def states(file: File) -> list[str]:
    """How each turn of the file ended, in order."""
    turns: list[Turn] = []
    marked = False
    for record, prompt, reviewing in walk(file):
        kind, now = record.kind, turns[-1] if turns else None
        if kind in ("event:task_started", "event:turn_started"):
            marked = True
            # A review's own turn is repeated in the file of its parent, and never ends there.
            if not (reviewing and now and now.state == "open"):
                turns.append(Turn(record.body.get("turn_id"), record, True))
        elif not marked and (prompt or kind in REVIEW):
            turns.append(Turn(None, record, False))
        elif now:
            note(turns, record, file)
    for turn, after in zip(turns, [*turns[1:], None], strict=False):
        if turn.state == "open" and not turn.marked and turn.answered:
            turn.state = "completed"
        elif turn.state == "open" and after:
            turn.state = "lost"
        if file.replaced and not turn.first.before(file.replaced):
            turn.state = "reverted"
    return [turn.state for turn in turns]


def note(turns: list[Turn], record: Record, file: File) -> None:
    """Update the turns so far with a record that begins no turn."""
    kind, body, now = record.kind, record.body, turns[-1]
    named = next(
        (turn for turn in reversed(turns) if turn.id and turn.id == body.get("turn_id")), now
    )
    spoken = kind == "item:message" and body.get("role") == "assistant"
    if kind in ("event:task_complete", "event:turn_complete"):
        named.state = ended(named, body, file)
    elif kind == "event:turn_aborted" and named.state == "open":
        named.state = "interrupted"
    elif kind == "event:thread_rolled_back":
        # The last turns that count, as a client shows them, including one without a prompt.
        standing = [turn for turn in turns if turn.state != "rolled_back"]
        for turn in standing[max(0, len(standing) - body["num_turns"]) :]:
            turn.state = "rolled_back"
    elif kind in ANSWERS or spoken:
        now.answered = True
    elif kind in CALLS:
        now.answered = False
    shell = body.get("source") == "user_shell" or "<user_shell_command>" in joined(
        body.get("content")
    )
    now.excused = now.excused or shell or kind in EXCUSES


def ended(turn: Turn, body: Json, file: File) -> str:
    if body.get("error"):
        return "failed"
    # From 0.145 a failure has an error; before, the answer is missing.
    silent = not body.get("last_agent_message") and not turn.answered and not turn.excused
    failed = silent and minor(file.meta.get("cli_version")) < 145
    return "failed" if failed else "completed"
