"""The outputs of tools, in the formats of a dozen releases."""

import pytest

from ingest.codex.outputs import read_output

CHUNK = "Chunk ID: a\nWall time: 0.05 seconds\n"
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
        (
            "Command: /bin/bash -lc false\n" + CHUNK + "Process exited with code 1\nOutput:\nboom",
            "failed",
            1,
            0.05,
            "boom",
        ),
        (
            "Command: /bin/bash -lc 'cd /w\nls'\nWall time: 0.05 seconds\n" + EXITED,
            "completed",
            0,
            0.05,
            "a.txt\n",
        ),
        ("Command: nothing follows", "completed", None, None, "Command: nothing follows"),
    ],
)
def test_output_text_gives_status_exit_code_and_body(
    text: str, status: str, code: int | None, seconds: float | None, body: str
) -> None:
    outcome = read_output(text)
    assert (outcome.status, outcome.exit_code, outcome.seconds, outcome.body) == (
        status,
        code,
        seconds,
        body,
    )


CREATING = 'exec_command failed for `ls`: CreateProcess { message: "'
DENIED = "failed in sandbox LinuxSeccomp with execution error: sandbox denied exec error, "


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("patch rejected by user", "declined", None),
        ("patch rejected: writing outside of the project", "declined", None),
        ("exec command rejected by user", "declined", None),
        ("exec command rejected: dangerous command", "declined", None),
        ("approval policy is Never; reject command \u2014 you should not ask", "declined", None),
        ("`/bin/bash -lc 'rm\n-rf x'` rejected: blocked by policy", "declined", None),
        ("`powershell -Command 'echo a`n'` rejected: blocked by policy", "declined", None),
        ("`a` is what was rejected: nothing else", "completed", None),
        (
            CREATING + 'Rejected(\\"rejected by user\\")" }',
            "declined",
            None,
        ),
        (
            CREATING + 'Rejected(\\"Failed to create a process\\")" }',
            "failed",
            None,
        ),
        ("failed in sandbox: Operation not permitted\n", "failed", None),
        ("failed in sandbox None with execution error: command timed out", "failed", None),
        (DENIED + "exit code: 2, stdout: , stderr: exit code: 9", "failed", 2),
        ("tool call error: tool call failed for `a/b`", "failed", None),
        ("tool call error: user rejected MCP tool call", "declined", None),
        ("write_stdin failed: Unknown process id 7", "failed", None),
        ("aborted", "aborted", None),
        ("aborted merge of two branches", "completed", None),
    ],
)
def test_refusals_are_declined_or_failed(text: str, status: str, code: int | None) -> None:
    outcome = read_output(text)
    assert (outcome.status, outcome.exit_code, outcome.body) == (status, code, text)


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("Wall time: 1.0 seconds\nProcess running with session ID 93175\nOutput:\n", "93175"),
        (
            "Command: cat\n" + CHUNK + "Process running with session ID 7\nOutput:\n",
            "7",
        ),
        ("Script running with cell ID 14\nWall time 10.0 seconds\nOutput:\n", "cell 14"),
    ],
)
def test_running_command_gives_its_shell_id(text: str, shell: str) -> None:
    outcome = read_output(text)
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
        "Command: " + "Wall time\n" * 100_000,
        "exec_command failed for `" + "Rejected(" * 100_000,
        "`" * 100_000,
    ],
    ids=range(12),
)
def test_strange_output_has_no_exit_code(text: str) -> None:
    assert read_output(text).exit_code is None
