"""A program with limits: it answers, fails, hangs or prints without end, and never survives."""

import os
import sys
from pathlib import Path

import pytest

from ingest.batches.failure import classify
from ingest.errors import (
    ErrorClass,
    ProgramFailed,
    ProgramMissing,
    ProgramOutputTooLarge,
    ProgramStopped,
    ProgramTooSlow,
)
from ingest.pipeline.limited_program import ENVIRONMENT, Limits, run

PATIENT = Limits(60.0, 1024**2)
HASTY = Limits(0.3, 1024**2)


def output(
    code: str, folder: Path, *, stdin: bytes = b"", limits: Limits = PATIENT, stop: bool = False
) -> bytes:
    env = {**os.environ, "SECRET_TOKEN": "x"}
    command = [sys.executable, "-c", code]
    return run(command, limits, folder, env, stdin, lambda: stop)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not count."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def test_the_program_gets_standard_input_and_answers_on_standard_output(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper())"
    assert output(code, tmp_path, stdin=b"facts") == b"FACTS"


def test_a_program_need_not_read_a_large_input(tmp_path: Path) -> None:
    assert output("print('ok')", tmp_path, stdin=b"x" * 5_000_000) == b"ok\n"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_program_is_reported_with_its_error_output(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"ended with 3\. no model here") as caught:
        output("import sys; sys.stderr.write('no model here'); sys.exit(3)", tmp_path)
    failure = classify(caught.value)
    assert (failure.code, failure.cls) == ("observe.failed", ErrorClass.TRANSIENT)


def test_a_killed_program_is_reported_with_its_signal(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="by signal 9"):
        output("import os; os.kill(os.getpid(), 9)", tmp_path)


def test_a_hanging_program_is_killed_at_its_time_limit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(ProgramTooSlow, match=r"0\.3 seconds"):
        output(code, tmp_path, limits=HASTY)
    assert not pid.exists() or not alive(int(pid.read_text()))


def test_a_program_that_closes_its_output_and_does_not_end_is_killed(tmp_path: Path) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(600)"
    with pytest.raises(ProgramTooSlow):
        output(code, tmp_path, limits=HASTY)


def test_child_processes_are_killed_with_the_program(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    code = (
        "import os, subprocess, sys\n"
        f"pipe = os.open({str(pipe)!r}, os.O_WRONLY)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
        "    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[pipe])\n"
        "print('started')"
    )
    assert output(code, tmp_path) == b"started\n"
    # EOF arrives only when no process has the other end open.
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_program_that_prints_a_hundred_megabytes_is_killed(tmp_path: Path) -> None:
    code = "import sys\nfor _ in range(1600): sys.stdout.write('x' * 65536)"
    with pytest.raises(ProgramOutputTooLarge, match="1,048,576 bytes"):
        output(code, tmp_path)


def test_endless_error_output_is_discarded(tmp_path: Path) -> None:
    code = "import sys\nfor _ in range(400): sys.stderr.write('y' * 65536)\nprint('done')"
    assert output(code, tmp_path) == b"done\n"


def test_a_missing_program_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="cannot be started"):
        run(["/nowhere/at-all"], PATIENT, tmp_path, {}, b"", lambda: False)


def test_the_command_is_run_without_a_shell(tmp_path: Path) -> None:
    code = "import sys; print(sys.argv[1])"
    command = [sys.executable, "-c", code, "$HOME; touch gone | cat"]
    answer = run(command, PATIENT, tmp_path, os.environ, b"", lambda: False)
    assert answer == b"$HOME; touch gone | cat\n"


def test_the_program_gets_only_a_small_environment(tmp_path: Path) -> None:
    names = output("import os; print(*os.environ, sep=',')", tmp_path).decode().strip().split(",")
    assert "SECRET_TOKEN" not in names
    assert set(names) <= {*ENVIRONMENT, "LC_CTYPE"}


def test_a_stop_kills_the_program_without_counting_as_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ProgramStopped) as caught:
        output("import time; time.sleep(600)", tmp_path, stop=True)
    assert classify(caught.value).cls is ErrorClass.CANCELLED
