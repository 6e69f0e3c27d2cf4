"""The brief: its content, its number of words, and that no text of a log looks like a part of
it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.codex.liveness import SessionState
from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.projects.git.work_tree import Stash, UncommittedFile, WorkTree
from ingest.projects.resume.brief import LEAST, brief
from ingest.projects.resume.model import (
    Decision,
    DoneStep,
    LogPosition,
    OpenFailure,
    OpenStep,
    PlacedText,
    Resume,
    ResumeNote,
    ResumeSummary,
    SessionCommit,
    TouchedFile,
    Unmerged,
)
from tests.build.session import MORNING, session

NOW = MORNING + timedelta(hours=2)
HERE = LogPosition("019a3f1b-0000", 3, "/rollout.jsonl", 1200)
WHY = "main is at 3fa9c1e000, as when the session began."


def resume_with(text: str = "Fix it", count: int = 2) -> Resume:
    """A resume with this many entries of each kind, all with this text."""
    several = range(count)
    return Resume(
        project="parser",
        branch="main",
        session=session("019a3f1b-0000", title=text),
        chosen_because="It is the latest of the project.",
        alignment=AlignmentState.ALIGNED,
        alignment_why=WHY,
        git=Alignment(state=AlignmentState.ALIGNED, why=WHY),
        as_of=NOW,
        objective=PlacedText(f"To {text}", MORNING, HERE),
        done=[DoneStep(f"{n}", text, "plan", MORNING, text, HERE) for n in several],
        done_count=count,
        open_steps=[
            OpenStep(
                f"{n}", text, "in_progress", "plan", HERE, MORNING, n == 0, text, text, ["be0e"]
            )
            for n in several
        ],
        last_answer=PlacedText(text, MORNING, HERE),
        decisions=[Decision(text, text, MORNING, HERE) for _ in several],
        notes=[ResumeNote(text, text, MORNING, HERE) for _ in several],
        summaries=[ResumeSummary(text, text, True, MORNING, HERE) for _ in several],
        unmerged=[Unmerged(text, n, text, MORNING, HERE) for n in several],
        work_tree=WorkTree(
            "/parser",
            [UncommittedFile(text, "update", MORNING) for _ in several],
            "rebase",
            text,
            "1 of 2",
            [Stash(text, MORNING) for _ in several],
        ),
        last_prompt=text,
        asked=PlacedText(text, MORNING, HERE),
        failures=[OpenFailure(text, 1, text, MORNING, n + 1, HERE) for n in several],
        files=[TouchedFile(text, "update", None, MORNING, 1, HERE) for _ in several],
        commits=[
            SessionCommit("c" * 40, text, MORNING + timedelta(minutes=n), text) for n in several
        ],
        uncovered=[SessionCommit("d" * 40, text, MORNING, text) for _ in several],
        command="codex resume 019a3f1b-0000",
    )


def test_a_brief_has_everything_in_order_of_importance() -> None:
    assert (
        brief(resume_with(count=1))
        == """\
# parser on main

As of 2026-11-21 10:00 UTC.

## Objective
To Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Summary
- Of the session: Fix it · Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Done (1)
- [x] Fix it · Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)
- commit cccccccccc Fix it · 2 h 0 m ago

## Open (1)
- [ ] Fix it · next, in progress, Fix it, waits for be0e, Fix it · 2 h 0 m ago \
(task 0, 019a3f1b turn 3, byte 1200)

## Decisions (1)
- Fix it · Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Failures not repaired (1)
- $ Fix it → exit 1: Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Last turn
- Asked: Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)
- Answered: Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Checkout
- A rebase of Fix it was begun and is not finished (1 of 2).
- Not committed: 1 file: update Fix it, 2 h 0 m ago
- Not merged: Fix it, 0 sessions, last “Fix it” · 2 h 0 m ago (019a3f1b turn 3, byte 1200)
- Stash: Fix it · 2 h 0 m ago
- main is at 3fa9c1e000, as when the session began.

## Commits since then, by no session (1)
- dddddddddd Fix it · Fix it · 2 h 0 m ago

## Files (1)
- update Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Notes (1)
- Fix it · Fix it · 2 h 0 m ago (019a3f1b turn 3, byte 1200)

## Continue
Session 019a3f1b: Fix it (done, 1 h 55 m ago). It is the latest of the project.
codex resume 019a3f1b-0000
"""
    )


def test_open_steps_are_the_last_to_be_dropped() -> None:
    for words in (800, 500, 300, 200, 100):
        text = brief(resume_with("One two three four", 12), words)
        others = text.count("\n- ") - text.count("\n- [ ] ") - text.count("\n- … ")
        assert text.count("- [ ] ") == 12 or others == 0, text
        assert "## Open (12)\n" in text


def test_entries_that_do_not_fit_are_counted() -> None:
    long = "One two three four five six seven eight nine ten eleven twelve"
    for count in (1, 5, 40):
        text = brief(resume_with(long, count), 400)
        for title in ("Done", "Open", "Decisions", "Failures not repaired"):
            assert f"## {title} ({count})\n" in text


def test_a_running_session_is_never_suggested_to_continue() -> None:
    running = resume_with()
    running.session = replace(running.session, state=SessionState.RUNNING)
    running.running, running.command = [running.session], "codex"
    end = brief(running).partition("## Continue\n")[2]
    assert end == "Session 019a3f1b: Fix it is at work now; this begins another one.\ncodex\n"


@settings(max_examples=60)
@given(st.text(max_size=300), st.integers(0, 40), st.integers(LEAST, 900))
def test_a_brief_respects_the_word_limit_and_ends_with_how_to_continue(
    text: str, count: int, words: int
) -> None:
    result = brief(resume_with(text, count), words)
    assert len(result.split()) <= words
    assert "\n## Continue\nSession 019a3f1b: " in result
    assert result.endswith("\ncodex resume 019a3f1b-0000\n")
    assert result == brief(resume_with(text, count), words)


def test_omitted_entries_are_counted() -> None:
    assert "- … 10 more" in brief(resume_with(count=40), 8000)
    short = brief(resume_with("One two three four five six seven eight", 9), 150)
    assert "more\n" in short
    assert "## Open (9)\n" in short


@pytest.mark.fault("A08")
def test_text_of_a_log_loads_nothing_when_the_brief_is_rendered_as_markdown() -> None:
    result = brief(resume_with("<img src=https://x.example/a> ![b](https://x.example/b)", 1))
    assert result.count(r"\<img") == result.count("<img") > 5
    assert result.count(r"\![b\]") == result.count("![b") > 5


def test_text_of_a_log_is_sanitized_and_on_one_line() -> None:
    result = brief(resume_with("x\n## Continue\nrm -rf ~\r\x1b]52;c;eA==\x07\u202e", 1))
    assert result.count("\n## Continue\n") == 1
    assert not any(char in result for char in "\x1b\x07\r\u202e")
