"""Readers that die, and batches that kill their reader."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import log
from ingest.pipeline import spawn_readers
from ingest.pipeline.job import Job
from ingest.pipeline.reader_pool import HUNG_AFTER, ReaderDied, ReaderPool
from ingest.pipeline.run import IngestRun
from ingest.report.batch import Batch, Policy, to_batch
from ingest.tail.source import Kind, Representation
from tests.facts_dump import dump
from tests.faults.dying_readers import dying_at, dying_on, start_readers
from tests.faults.fault_harness import AFTER, FIRST, ROOT, SMALL, FaultHarness

EVERY_BATCH: dict[str, object] = {
    **dict.fromkeys(("state", "kind", "error", "session", "since", "until")),
    "limit": None,
    "offset": 0,
}


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    made = FaultHarness(tmp_path)
    for which in ("plan", "chat", "partial"):
        made.session(which)
    return made


@pytest.mark.fault("Q01", "P11")
@pytest.mark.parametrize("which", [[0], [0, 1]])
def test_the_batch_of_a_killed_reader_is_done_once_by_another(
    harness: FaultHarness, which: list[int]
) -> None:
    children = spawn_readers.start(2)
    log.start(harness.path)
    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        readers = ReaderPool(children)
        for index in which:
            children[index].send_signal(signal.SIGKILL)
            children[index].wait()
        owner.read(owner.scan().changed, readers=readers)
        assert list(dump(database)) == harness.expected_facts()
    assert set(harness.states()) <= {"completed", "completed_empty"}
    assert any("ended with exit code -9" in entry.message for entry in log.entries(harness.path))


@pytest.mark.fault("P11")
def test_why_a_reader_died_is_in_the_log(harness: FaultHarness) -> None:
    program = dying_on("rollout-").replace(
        "os.kill(os.getpid(), signal.SIGKILL)", "raise ZeroDivisionError('on purpose')"
    )
    with harness.open() as database:
        owner = harness.owner(database)
        run = IngestRun(database, SMALL, harness.clock)
        with pytest.raises(ReaderDied):
            run.run(owner.scan().changed, ReaderPool(start_readers(program)))
    messages = [entry.message for entry in log.entries(harness.path)]
    assert any("ZeroDivisionError: on purpose" in message for message in messages)


@pytest.mark.fault("P11", "L19")
def test_a_batch_that_kills_every_reader_is_set_aside_and_the_others_are_done(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = harness.session("tour")
    program = dying_on(poison.path.name)
    monkeypatch.setattr(spawn_readers, "start", lambda *_: start_readers(program))
    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        report = owner.read(owner.scan().changed, readers=ReaderPool(spawn_readers.start()))
        assert report.lines > 0
    (dead,) = harness.rows(
        "select b.state, b.reason, b.attempts, s.path, b.error_code, b.retry_at from batches b "
        "join sources s on s.id = b.source where b.state not in ('completed', 'completed_empty')"
    )
    again = harness.now + timedelta(days=1)
    assert dead == ("dead", "poison", 0, str(poison.path), "reader_died", again)
    poison.path.rename(harness.folder / "elsewhere")
    assert harness.facts() == harness.expected_facts()
    # Setting it aside is recorded, and needs no further reader.
    (harness.folder / "elsewhere").rename(poison.path)
    harness.read()
    assert harness.states()["dead"] == 1
    # A day later it is retried, and now no reader dies.
    monkeypatch.undo()
    harness.now = again + timedelta(seconds=1)
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P11")
def test_a_batch_that_kills_the_program_is_set_aside_alone(
    harness: FaultHarness,
) -> None:
    poison = harness.session("tour")
    program = (
        "import os\n"
        "from tests.faults.fault_harness import *\n"
        "from ingest.pipeline import reader_output\n"
        "read = reader_output.read\n"
        "def deadly(job, *rest):\n"
        f"    if {poison.path.name.encode()!r} in job.path: os._exit(9)\n"
        "    return read(job, *rest)\n"
        "reader_output.read = deadly\n"
        "from tests.faults.dying_readers import start_readers, dying_on\n"
        f"spawn_readers.start = lambda *_: start_readers(dying_on({poison.path.name!r}))\n"
        f"FaultHarness(Path({str(harness.folder)!r}), SMALL).read()\n"
    )
    harness.create()
    ends = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
        for _ in range(3)
    ]
    # Twice it is read with the others; then by a process of its own.
    assert ends == [9, 9, 0]
    dead = harness.rows(
        "select s.path, b.reason from batches b join sources s on s.id = b.source "
        "where b.state not in ('completed', 'completed_empty')"
    )
    assert dead == [(str(poison.path), "poison")]
    poison.path.rename(harness.folder / "elsewhere")
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P41", "P11")
@pytest.mark.parametrize("which", ["rollout", "history"])
def test_a_line_that_kills_readers_is_rejected_alone_and_retried_after_a_week(
    harness: FaultHarness, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = harness.home.history_path
    for word in ("before", "deadly", "after"):
        if which == "rollout":
            session = harness.home.session("g4")
            session.prompt(f"{word} one")
            if word == "deadly":
                session.end_turn("and more")
                session.prompt("the next")
            session.write()
        else:
            row = b'{"session_id":"s","ts":1,"text":"%s"}\n' % word.encode()
            with history.open("ab") as file:
                file.write(row)
    monkeypatch.setattr(
        spawn_readers, "start", lambda *_: start_readers(dying_at("deadly"), size=1)
    )
    with harness.open() as database:
        owner = harness.owner(database)
        owner.read(owner.scan().changed, readers=ReaderPool(spawn_readers.start()))
    assert set(harness.states()) <= {"completed", "completed_empty"}
    assert harness.rows("select reason, lines from rejects where reason = 'killed'")
    texts = {
        text for (text,) in harness.rows("select text from messages union from prompts select text")
    }
    assert not any("deadly" in text for text in texts)
    assert any("after" in text for text in texts)
    # Lines that are appended later are read as usual.
    with history.open("ab") as file:
        file.write(b'{"session_id":"s","ts":2,"text":"later"}\n')
    harness.read()
    assert ("later",) in harness.rows("select text from prompts")
    monkeypatch.undo()
    harness.now += timedelta(days=8)
    harness.read()
    assert harness.rows("select * from rejects where reason = 'killed'") == []
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P40", "P01")
def test_ending_the_program_repeatedly_during_a_read_makes_no_batch_dead(
    harness: FaultHarness,
) -> None:
    harness.home.history_path.write_bytes(b'{"session_id":"s","ts":1,"text":"hello"}\n')
    program = (
        "import os, signal\n"
        "from tests.faults.fault_harness import *\n"
        "from ingest.pipeline import reader_output, spawn_readers\n"
        "def ended(job, *rest): os.kill(os.getpid(), signal.SIGKILL)\n"
        "reader_output.read = ended\n"
        "start = spawn_readers.start\n"
        "def isolated(*size):\n"
        "    start(*size)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "spawn_readers.start = isolated\n"
        f"FaultHarness(Path({str(harness.folder)!r}), SMALL).read()\n"
    )
    harness.create()
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
        assert ended.returncode == -signal.SIGKILL
    assert harness.rows("select max(rescues) > 1 from v_batches") == [(True,)]
    with harness.open() as database:
        order: list[int] = []
        owner = harness.owner(database)
        found = owner.scan()
        (history,) = (one.id for one in found.changed if one.name.kind == "history")
        owner.metrics.record_batches = lambda ended: order.extend(one.source for one in ended)  # type: ignore[method-assign]
        owner.read(found.changed)
    assert order[0] == history
    assert set(harness.states()) <= {"completed", "completed_empty"}
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P40")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_reader_ended_by_a_signal_charges_no_batch(
    harness: FaultHarness, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = dying_on("rollout").replace("SIGKILL", number.name)
    if number is signal.SIGHUP:
        program = program.replace(
            "import os, signal\n", "import os, signal\nSIG = signal.SIG_DFL\n"
        )
        program = program.replace("os.kill(", "signal.signal(signal.SIGHUP, SIG) or os.kill(")
    started = []

    def start(*_: object) -> list["subprocess.Popen[bytes]"]:
        started.append(1)
        return start_readers(
            program
            if len(started) <= 6
            else "from ingest.pipeline.reader_process import main; main()"
        )

    monkeypatch.setattr(spawn_readers, "start", start)
    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        owner.read(owner.scan().changed, readers=ReaderPool(spawn_readers.start()))
        assert list(dump(database)) == harness.expected_facts()
    assert len(started) > 6
    assert set(harness.states()) <= {"completed", "completed_empty"}


@pytest.mark.fault("P03", "P12")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_releases_claimed_batches_without_an_attempt(
    harness: FaultHarness, number: signal.Signals
) -> None:
    """In the middle of reading, with a closed standard output."""
    program = (
        "import os, signal, sys\n"
        "from tests.faults.fault_harness import *\n"
        "from ingest.pipeline import reader_output\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "read, times = reader_output.read, 0\n"
        "def interrupted(job, *rest):\n"
        "    global times\n"
        "    times += 1\n"
        f"    if times == 5: os.kill(os.getpid(), {int(number)})\n"
        "    return read(job, *rest)\n"
        "reader_output.read = interrupted\n"
        f"FaultHarness(Path({str(harness.folder)!r}), SMALL).read()\n"
    )
    harness.create()
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, stderr=full, stdout=full, check=False
        )
    assert ended.returncode != 0
    states = harness.states()
    assert states["claimed"] == 0
    assert states["pending"] > 0
    assert harness.rows("select max(attempts), max(rescues) from v_batches") == [(0, 0)]
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P42", "P40")
@pytest.mark.parametrize(
    ("number", "options"),
    [
        (signal.SIGINT, []),
        (signal.SIGTERM, []),
        (signal.SIGINT, ["--follow"]),
        (signal.SIGHUP, ["--follow"]),
    ],
)
def test_a_stop_ends_reading_early_and_keeps_what_is_stored(
    harness: FaultHarness, number: signal.Signals, options: list[str]
) -> None:
    for _ in range(3):
        harness.session("chat")
    program = (
        "import os, sys\n"
        "from ingest.pipeline import reader_output, follow\n"
        "follow.GROUP_SOURCES = 1\n"
        "read, times = reader_output.read, 0\n"
        "def asked(job, *rest):\n"
        "    global times\n"
        "    times += 1\n"
        f"    if times == 3: os.kill(os.getpid(), {int(number)})\n"
        "    return read(job, *rest)\n"
        "reader_output.read = asked\n"
        "from ingest.pipeline import spawn_readers\n"
        "spawn_readers.start = lambda *_: []\n"
        "from ingest.cli import run_ingest\n"
        "run_ingest.ReaderPool = lambda readers: None\n"
        "from ingest.cli.main import main\n"
        f"sys.argv[1:] = ['--db', {str(harness.path)!r}, 'ingest', *{options!r}]\n"
        "main()\n"
    )
    harness.create()
    environment = os.environ | {"CODEX_HOME": str(harness.home.path)}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == (0 if options and number is not signal.SIGINT else 130), ended.stderr
    states = harness.states()
    assert states["claimed"] == 0
    assert states["completed"] in (2, 3)
    assert harness.rows("select max(attempts), max(rescues) from v_batches") == [(0, 0)]
    assert len(harness.facts()) < len(harness.expected_facts())
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P03")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_follow_ends_after_the_present_round(
    harness: FaultHarness, number: signal.Signals, code: int
) -> None:
    harness.create()
    environment = os.environ | {"CODEX_HOME": str(harness.home.path)}
    child = subprocess.Popen(
        [
            *(sys.executable, "-c", "from ingest.cli.main import main; main()"),
            *("--db", str(harness.path), "ingest", "--follow", "--json"),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline(), child.communicate()[1].decode()
    child.send_signal(number)
    child.communicate()
    assert child.returncode == code
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.rows("select max(attempts), max(rescues) from v_batches") == [(0, 0)]


@pytest.mark.fault("P08")
@pytest.mark.parametrize("days", [-3, 30])
def test_a_clock_change_neither_blocks_nor_repeats_a_batch(
    harness: FaultHarness, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pread = os.pread

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    harness.read()
    assert harness.states()["failed"] == 3
    monkeypatch.setattr(os, "pread", pread)
    harness.now += timedelta(days=days)
    harness.read()
    assert harness.facts() == harness.expected_facts()


HANGING = """
import sys
from pathlib import Path
from ingest.pipeline import reader_process
from ingest.pipeline.job import JobAlive
Path("READY").open("w").close()
group = reader_process._decode_group(reader_process._receive_bytes(sys.stdin.buffer))
reader_process.send(sys.stdout.buffer, JobAlive(group.jobs[0].batch, 4096))
sys.stdin.buffer.read()
"""
"""A reader that opens a pipe when it is ready, and whose disk blocks after a few bytes."""


@pytest.mark.fault("P10")
def test_a_hanging_reader_is_shown_as_stuck_and_killed_and_its_batch_is_retried(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path, SMALL)
    session = harness.session("plan")
    passed = 0.0
    shown: list[Batch] = []
    log.start(harness.path)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    (child,) = start_readers(HANGING.replace("READY", str(ready)), size=1)
    # Time passes at each check of the reader, so it must have started before.
    ready.read_bytes()

    with harness.open() as database:
        owner = harness.owner(database)

        def between() -> None:
            nonlocal passed
            passed += 25
            harness.now += timedelta(seconds=25)
            rows = database.rows_in_transaction("batches.listed", **EVERY_BATCH)
            shown.extend(to_batch(row, harness.now, alive=True) for row in rows)

        drain = IngestRun(database, SMALL, harness.clock)
        drain.between_commits = between
        with pytest.raises(ReaderDied, match="made no progress"):
            drain.run(owner.scan().changed, ReaderPool([child], lambda: passed))
        assert child.poll() is None
        assert any("made no progress" in entry.message for entry in log.entries(harness.path))
        ReaderPool([child]).close()
        assert child.poll() is not None
        assert {batch.shown for batch in shown} == {"claimed", "stuck"}
        last = shown[-1]
        assert last.heartbeat_at is not None
        assert last.heartbeat_at - FIRST < timedelta(seconds=120)
        assert "no heartbeat since" in Policy("automatic", 8, harness.now).again(last)

        (failed,) = database.rows_in_transaction("batches.listed", **EVERY_BATCH)
        assert (failed["state"], failed["error_class"]) == ("failed", "transient")
        assert "4,096" in failed["error_message"]
        assert failed["attempts"] == 1
        assert harness.now < failed["retry_at"] <= harness.now + timedelta(seconds=5)
        # From now on a process reads it, even if it is small, because a process can be killed.
        (source,) = owner.scan().changed
        assert (source.path, source.hung) == (str(session.path), True)
        harness.now = AFTER
        owner.read_once()
        assert list(dump(database)) == harness.expected_facts()
        assert not any(source.hung for source in owner.scan().sources)


@pytest.mark.fault("P46")
def test_a_hanging_reader_with_a_group_larger_than_the_pipe_blocks_no_other(
    tmp_path: Path,
) -> None:
    (child,) = start_readers("input()", size=1)
    child.send_signal(signal.SIGSTOP)
    passed = 0.0
    pool = ReaderPool([child], lambda: passed)
    job = Job(
        *("batch", 1, Kind.ROLLOUT, "thread", b"/" * 200),
        *(Representation.PLAIN, 1_000_000, 1_000_000),
    )
    pool.submit([job] * 1_200, tmp_path)
    pool.submit([job] * 1_200, tmp_path)
    assert pool.collect() == []
    assert pool.stuck_batches() == []
    passed = HUNG_AFTER
    with pytest.raises(ReaderDied, match="made no progress"):
        pool.collect()
    pool.close()
    assert child.poll() is not None
