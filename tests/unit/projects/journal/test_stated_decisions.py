"""Which sentences of a message are decisions, and which are not."""

import pytest

from ingest.projects.journal.stated_decisions import stated_decisions


@pytest.mark.parametrize(
    ("text", "decisions"),
    [
        ("Decision: amounts are integer cents.", ["amounts are integer cents."]),
        ("Done.\n\n**Decision:** keep *one* file.\n\nNext: tests.", ["keep *one* file."]),
        ("**Decision: keep one file.**", ["keep one file."]),
        ("- Decision — drop Python 3.8", ["drop Python 3.8"]),
        (
            "## Decisions\n\n- Use cents\n- Round half up\n\nI added tests.",
            ["Use cents", "Round half up"],
        ),
        ("Decisions made:\n1. Use cents\n2. Round half up", ["Use cents", "Round half up"]),
        (
            "It works. I chose integer cents because floats round. Tests pass.",
            ["I chose integer cents because floats round."],
        ),
        ("We decided to keep the old format.", ["We decided to keep the old format."]),
        ("I went with `csv` instead of pandas.", ["I went with `csv` instead of pandas."]),
        (
            "I’ve settled on UTC, since files are shared.",
            ["I’ve settled on UTC, since files are shared."],
        ),
        # Stated twice, listed once.
        ("Decision: use cents.\nDecision: Use cents", ["use cents."]),
    ],
)
def test_explicit_statements_are_decisions(text: str, decisions: list[str]) -> None:
    assert stated_decisions(text) == decisions


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I have not decided yet.",
        "Have we decided to use cents?",
        "It is your decision.",
        "A decision table is in docs/table.md.",
        "The user chose wisely.",
        "```\nDecision: this is code\nI decided to print\n```",
        "Decision:",
        "I picked up where the last session stopped.",
    ],
)
def test_other_sentences_are_no_decisions(text: str) -> None:
    assert stated_decisions(text) == []
