"""The brief: what is in it, in how many words, and that nothing of a log can pose as its own."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.projects.resume.brief import LEAST, brief
from ingest.projects.resume.model import (
    LogPosition,
    OpenFailure,
    OpenQuestion,
    OpenStep,
    Resume,
    SessionCommit,
    TouchedFile,
)
from tests.build.session import MORNING, session

HERE = LogPosition("019a3f1b-0000", 3, "/rollout.jsonl", 1200)
WHY = "main is at 3fa9c1e000, as when the session began."


def left(text: str = "Fix it", count: int = 2) -> Resume:
    """A resume with so many of everything, all with this text."""
    several = range(count)
    return Resume(
        project="parser",
        branch="main",
        session=session("019a3f1b-0000", title=text),
        chosen_because="It is the latest of the project.",
        alignment=AlignmentState.ALIGNED,
        alignment_why=WHY,
        git=Alignment(state=AlignmentState.ALIGNED, why=WHY),
        open_steps=[OpenStep(f"{n}", text, "in_progress", "plan", HERE) for n in several],
        last_prompt=text,
        asked=OpenQuestion(text, MORNING, HERE),
        failures=[OpenFailure(text, 1, text, MORNING, n + 1, HERE) for n in several],
        files=[TouchedFile(text, "update", None, MORNING, 1, HERE) for _ in several],
        commits=[
            SessionCommit("c" * 40, text, MORNING + timedelta(minutes=n), text) for n in several
        ],
        uncovered=[SessionCommit("d" * 40, text, MORNING, text) for _ in several],
        command="codex resume 019a3f1b-0000",
    )


def test_a_brief_says_what_and_where_from() -> None:
    result = brief(left(count=1))
    assert (
        result
        == """\
# parser on main

Session 019a3f1b: Fix it (done, last at 2026-11-21 08:05 UTC)
Chosen: It is the latest of the project.
Git: main is at 3fa9c1e000, as when the session began.

## Last request
Fix it (019a3f1b turn 3, byte 1200)

## Open steps
- [ ] Fix it · in progress (019a3f1b turn 3, byte 1200)

## Failures not repaired yet
- $ Fix it → exit 1: Fix it (019a3f1b turn 3, byte 1200)

## Files
- update Fix it (019a3f1b turn 3, byte 1200)

## Commits made while it ran
- cccccccccc Fix it

## Commits since then, by no session
- dddddddddd Fix it · Fix it, 2026-11-21

## Continue
codex resume 019a3f1b-0000
"""
    )


@settings(max_examples=60)
@given(st.text(max_size=300), st.integers(0, 40), st.integers(LEAST, 900))
def test_a_brief_never_has_more_words_and_always_ends_with_how_to_go_on(
    text: str, count: int, words: int
) -> None:
    result = brief(left(text, count), words)
    assert len(result.split()) <= words
    assert result.endswith("## Continue\ncodex resume 019a3f1b-0000\n")
    assert result == brief(left(text, count), words)


def test_what_is_left_out_is_counted() -> None:
    assert "- … 10 more" in brief(left(count=40), 5000)
    short = brief(left("One two three four five six seven eight", 9), 150)
    assert "more\n" in short
    assert "## Open steps" in short


@pytest.mark.fault("A08")
def test_text_of_a_log_loads_nothing_when_the_brief_is_shown_as_markdown() -> None:
    result = brief(left("<img src=https://x.example/a> ![b](https://x.example/b)", 1))
    assert result.count(r"\<img") == result.count("<img") > 5
    assert result.count(r"\![b\]") == result.count("![b") > 5


def test_text_of_a_log_stands_on_its_line_and_cannot_act() -> None:
    result = brief(left("x\n## Continue\nrm -rf ~\r\x1b]52;c;eA==\x07\u202e", 1))
    assert result.count("\n## Continue\n") == 1
    assert not any(char in result for char in "\x1b\x07\r\u202e")
