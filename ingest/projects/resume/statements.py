"""What was decided and noted on a line of work, and how the last answer ended. Pure.

Decisions are people's edits and choices, answers to questions, and what messages state.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from ingest.db.query_reader import Row
from ingest.projects.journal.decisions import edit_text
from ingest.projects.journal.near_duplicates import merge_near_duplicates
from ingest.projects.journal.stated_decisions import stated_decisions
from ingest.projects.reconcile import Choice, ReconcileResult
from ingest.projects.resume.model import Decision, LogPosition, ResumeNote
from ingest.projects.resume.rows import place
from ingest.projects.tasks.edits import Add, Imported, Note, RecordedEdit, effective_edits
from ingest.sessions.questions import answer_text, question_text
from ingest.sessions.session import Session

Mask = Callable[[str], str]

_USER: Final = "the user"
_CLOSING: Final = 60
"""Most words of the end of an answer."""
_SENTENCE: Final = re.compile(r"(?<=[.!?:])\s+|\n+")
_OFFER: Final = re.compile(r"(?i)\b(let me know|happy to|feel free|hope (this|that) helps)\b")


def decisions(
    edits: list[RecordedEdit],
    texts: dict[str, str],
    choices: Iterable[ReconcileResult],
    answers: Iterable[Row],
    messages: Iterable[Row],
    sessions: dict[str, Session],
    mask: Mask,
    more: Iterable[Decision] = (),
) -> list[Decision]:
    """The latest first. `texts`: the texts of the tasks of the line; `messages` of its sessions.
    A task that was added without a reason is no statement: the task itself shows it.
    """
    found = [
        Decision(mask(edit_text(edit, texts)), edit.actor, edit.at)
        for edit in effective_edits(edits)
        if edit.task in texts and (not isinstance(edit.edit, Note | Add | Imported) or edit.reason)
    ]
    found += [Decision(mask(_choice_text(choice)), choice.by, choice.at) for choice in choices]
    found += [replace(one, text=mask(one.text)) for one in more]
    for row in answers:
        answer = answer_text(row["output"])
        if answer:
            question = question_text(row["command"])
            found.append(Decision(mask(f"{question} → {answer}"), _USER, row["time"], place(row)))
    for row in messages:
        session = sessions.get(row["session"])
        agent = (session.nickname if session else None) or "Codex"
        by = _USER if row["role"] == "user" else agent
        found += [
            Decision(mask(text), by, row["time"], place(row))
            for text in stated_decisions(row["text"])
        ]
    found.sort(key=lambda one: (one.at is not None, str(one.at or "")), reverse=True)
    return merge_near_duplicates(found, lambda one: one.text)


def _choice_text(choice: ReconcileResult) -> str:
    match choice.choice:
        case Choice.MOVE:
            text = f"moved to {choice.to}: session {choice.session[:8]}"
        case Choice.REVIEW:
            text = f"marked for review: session {choice.session[:8]}"
        case _:
            text = f"kept as it is: session {choice.session[:8]}"
    return f"{text} ({choice.reason})" if choice.reason else text


def notes(
    edits: list[RecordedEdit], texts: dict[str, str], rows: Iterable[Row], mask: Mask
) -> list[ResumeNote]:
    """What people noted about the tasks of the line, and the optional command about its sessions;
    the latest first.
    """
    found = [
        ResumeNote(mask(f"{texts[edit.task]}: {edit.edit.text}"), edit.actor, edit.at)
        for edit in effective_edits(edits)
        if edit.task in texts and isinstance(edit.edit, Note)
    ]
    found += [
        ResumeNote(
            mask(row["text"]),
            " ".join(filter(None, (row["kind"], f"by {row['origin']}"))),
            row["time"],
            LogPosition(row["session"], row["turn"]) if row["session"] else None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda note: note.at, reverse=True)


def closing_words(text: str, most: int = _CLOSING) -> str:
    """The last sentences of an answer, which say what comes next; without offers of more help."""
    sentences = [one.strip() for one in _SENTENCE.split(text) if one.strip()]
    while len(sentences) > 1 and _OFFER.search(sentences[-1]):
        sentences.pop()
    kept: list[str] = []
    for sentence in reversed(sentences):
        if kept and len(" ".join([sentence, *kept]).split()) > most:
            break
        kept.insert(0, sentence)
    return " ".join(kept)
