"""What a tool answered, in the words of a dozen releases."""

import pytest

from ingest.codex.outputs import read

EXITED = "Process exited with code 0\nOriginal token count: 4\nOutput:\na.txt\n"


@pytest.mark.parametrize(
    ("text", "status", "code", "seconds", "body"),
    [
        (
            '{"output":"a\\n","metadata":{"exit_code":3,"duration_seconds":0.4}}',
            "failed",
            3,
            0.4,
            "a\n",
        ),
        ('{"output":"a","metadata":{}}', "completed", None, None, "a"),
        ('{"output":"a","metadata":{"duration_seconds":-0.4}}', "completed", None, None, "a"),
        ("Exit code: 0\nWall time: 0.4 seconds\nOutput:\nok\n", "completed", 0, 0.4, "ok\n"),
        (
            "Exit code: 1\nWall time: 2 seconds\nTotal output lines: 9\n\nOutput:\nx",
            "failed",
            1,
            2.0,
            "x",
        ),
        (
            "Wall time: 0.010 seconds\nProcess exited with code 3\nOutput:\nx",
            "failed",
            3,
            0.01,
            "x",
        ),
        (
            "Chunk ID: 0632b7\nWall time: 0.0514 seconds\n" + EXITED,
            "completed",
            0,
            0.0514,
            "a.txt\n",
        ),
        ("Wall time: 5.4 seconds\naborted by user", "aborted", None, 5.4, "aborted by user"),
        ("aborted by user after 5.6s", "aborted", None, 5.6, "aborted by user after 5.6s"),
        (
            "Script completed\nWall time 0.3 seconds\nOutput:\n\nhi\n",
            "completed",
            None,
            0.3,
            "hi\n",
        ),
        (
            "Script failed\nWall time 0.3 seconds\nOutput:\n\nTypeError",
            "failed",
            None,
            0.3,
            "TypeError",
        ),
        ("unsupported call: shell", "failed", None, None, "unsupported call: shell"),
        ("Plan updated", "completed", None, None, "Plan updated"),
        ("", "completed", None, None, ""),
        ("Exit code: -9\nOutput:\n", "failed", -9, None, ""),
    ],
)
def test_an_answer_tells_how_its_call_ended(
    text: str, status: str, code: int | None, seconds: float | None, body: str
) -> None:
    outcome = read(text)
    assert (outcome.status, outcome.exit_code, outcome.seconds, outcome.body) == (
        status,
        code,
        seconds,
        body,
    )


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("Wall time: 1.0 seconds\nProcess running with session ID 93175\nOutput:\n", "93175"),
        ("Script running with cell ID 14\nWall time 10.0 seconds\nOutput:\n", "cell 14"),
    ],
)
def test_what_runs_on_says_how_it_is_known(text: str, shell: str) -> None:
    outcome = read(text)
    assert (outcome.status, outcome.shell, outcome.body) == ("running", shell, "")


@pytest.mark.parametrize(
    "text",
    [
        "Exit code: " + "9" * 5_000,
        "Exit code: zero",
        "Wall time: 1.2.3 seconds\n",
        "Wall time: " + "9" * 500 + " seconds\n",
        "aborted by user after 1.2.3s",
        "Chunk ID: " * 10_000,
        '{"output":' * 5_000,
        '{"output":"x","metadata":{"exit_code":' + "9" * 25 + "}}",
        "Script running with cell ID " + "x" * 500,
    ],
    ids=range(9),
)
def test_a_strange_answer_has_no_exit_code_and_breaks_nothing(text: str) -> None:
    assert read(text).exit_code is None
