"""Megabytes of lines that are no records: bounded, one finding per run, and no delay for other
files."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ingest.codex.value_limit import MAX_VALUES, has_too_many_values
from ingest.pipeline import batch_budget, spawn_readers
from ingest.pipeline.job import Job, JobDone
from ingest.pipeline.read_batch import read
from ingest.pipeline.reader_pool import InProcessReader
from ingest.pipeline.run import IngestRun, RunSettings
from ingest.tail.zst import Caps
from tests.faults.fault_harness import ROOT, FaultHarness
from tests.unit.tail.builders import rollout

DAY = "sessions/2026/11/21"
MIB = 1024**2
BATCH = 100_000
TORN = b'{"type":"half{"type":"a_new_kind"}\n'
"""A record after a torn one: each such line is a finding of its own."""
RUBBISH = {
    "x": b"x\n",
    "empty": b"\n",
    "objects": b"{}\n",
    "numbered": b"".join(b"%d\n" % number for number in range(1_000)),
    "half objects": b"".join(b'{"a%d\n' % number for number in range(100)),
    "binary": bytes(range(256)) * 8,
    "torn": TORN,
}


def rubbish(harness: FaultHarness, what: bytes, size: int) -> Path:
    """A file with such lines, newer than all others, so that it is read first."""
    path = harness.home.path / DAY / rollout()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(what * (size // len(what)))
    os.utime(path, (2e9, 2e9))
    return path


@pytest.mark.fault("L40")
@pytest.mark.parametrize("what", ["x", "empty", "objects", "numbered", "half objects", "binary"])
def test_a_run_of_invalid_lines_is_one_rejected_row_and_each_line_is_counted(
    harness: FaultHarness, what: str
) -> None:
    path = rubbish(harness, RUBBISH[what], 2 * BATCH)
    lines = path.read_bytes().count(b"\n")
    harness.read(RunSettings(batch_bytes=BATCH))
    ((counted, accounted, rejected, blank),) = harness.rows(
        "select lines, stored + rejected + blank, rejected, blank from cursors"
    )
    assert counted == accounted == lines
    findings = harness.rows("select lines, extent, length, whole from rejects")
    assert len(findings) == (0 if what in ("empty", "objects") else 1)
    assert sum(found[0] for found in findings) == rejected
    assert (blank == lines) == (what == "empty")
    for _, extent, _, _ in findings:
        assert 0 < extent <= path.stat().st_size
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("L40")
@pytest.mark.parametrize("readers", [0, 1])
def test_a_bad_file_delays_the_others_by_at_most_one_batch(
    harness: FaultHarness, readers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = rubbish(harness, TORN, 500_000)
    good = [harness.session("chat") for _ in range(3)]
    monkeypatch.setattr(batch_budget, "REJECTS", 200)
    order: list[str] = []
    with harness.open() as database:
        owner = harness.owner(database)
        changed = owner.scan().changed
        paths = {source.id: source.path for source in changed}
        assert changed[0].path == str(bad)
        drain = IngestRun(database, RunSettings(), harness.clock)
        drain.on_commit = lambda ended: order.extend(paths[one.source] for one in ended)
        if readers:
            drain.run(changed, _pool(readers))
        else:
            drain.run(changed, InProcessReader())
    turns = order.index(str(good[0].path)), order.index(str(good[2].path))
    assert order.count(str(bad)) > 4
    assert order[: max(turns) + 1].count(str(bad)) <= 4
    assert harness.facts() == harness.expected_facts()


def _pool(readers: int) -> Any:
    from ingest.pipeline.reader_pool import ReaderPool

    return ReaderPool(spawn_readers.start(readers))


@pytest.mark.fault("L41")
def test_a_batch_ends_after_many_rejected_rows_and_the_next_continues_there(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = rubbish(harness, TORN, 4 * MIB)
    monkeypatch.setattr(batch_budget, "REJECTS", 5_000)
    done, facts = read(_job(path))
    assert facts is not None
    assert done.more
    block = 128 * 1024 // len(TORN) + 1
    assert 5_000 <= len(facts.rejects) <= 5_000 + block
    assert done.cursor.offset == len(facts.rejects) * len(TORN)


@pytest.mark.fault("L41")
def test_a_slow_batch_ends_early_but_always_reads_something(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = rubbish(harness, TORN, MIB)
    monkeypatch.setattr(batch_budget, "SECONDS", 0.0)
    offsets = []
    job = _job(path)
    while True:
        done, _ = read(job)
        offsets.append(done.cursor.offset)
        if not done.more:
            break
        job = _job(path, done)
    assert len(offsets) >= 8
    assert offsets[:-1] == sorted(set(offsets))
    assert offsets[-1] == path.stat().st_size


def _job(path: Path, after: JobDone | None = None) -> Job:
    from ingest.tail.cursor import START
    from ingest.tail.source import Kind, Representation

    return Job(
        *("batch", 1, Kind.ROLLOUT, "thread", os.fsencode(path)),
        *(Representation.PLAIN, 128 * MIB, 64 * MIB),
        START if after is None else after.cursor,
        None if after is None else after.state,
    )


@pytest.mark.fault("L41")
@pytest.mark.parametrize("what", ["x", "torn", "numbered"])
def test_memory_and_spool_stay_small_with_any_short_lines(harness: FaultHarness, what: str) -> None:
    path = rubbish(harness, RUBBISH[what], 8 * MIB)
    program = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from tests.faults.test_invalid_lines import _job\n"
        "from ingest.pipeline.reader_output import read_group\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"jobs, folder = [_job(Path({str(path)!r}))], Path({str(harness.folder)!r})\n"
        "output = read_group(jobs, folder, 'group')\n"
        "spool = sum(os.path.getsize(file) for file in output.tables.values())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, spool)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )
    grown, spool = map(int, ended.stdout.split())
    assert grown < 60_000
    assert spool < 4 * MIB


@pytest.mark.fault("F10", "L42")
def test_a_file_that_decompresses_to_hundreds_of_megabytes_is_refused_with_the_reason(
    harness: FaultHarness,
) -> None:
    healthy = harness.session("chat")
    packed = harness.home.path / DAY / (rollout() + ".zst")
    packed.write_bytes(zstandard.compress(b"x\n" * (Caps().size // 2 + 1)))
    report = harness.read()
    assert report.batches["dead"] == 1
    ((message,),) = harness.rows("select error_message from batches where state = 'dead'")
    assert f"{Caps().size:,} bytes" in message
    assert any(healthy.thread.id in fact for fact in harness.facts())


@pytest.mark.fault("L41")
@pytest.mark.parametrize("begin", [b"[", b'{"type":"event_msg","payload":{"type":"x","command":['])
def test_a_line_of_millions_of_values_needs_little_memory_and_only_it_is_rejected(
    harness: FaultHarness, begin: bytes
) -> None:
    path = harness.home.path / DAY / rollout()
    path.parent.mkdir(parents=True)
    end = b"]" if begin == b"[" else b"]}}"
    record = b'{"type":"a_new_kind"}\n'
    path.write_bytes(record + begin + b"{}," * 20_000_000 + b"{}" + end + b"\n" + record)
    program = (
        "import resource\n"
        "from pathlib import Path\n"
        "from tests.faults.test_invalid_lines import _job\n"
        "from ingest.pipeline import batch_budget\n"
        "batch_budget.SECONDS = 60.0\n"
        "from ingest.pipeline.read_batch import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"done, facts = read(_job(Path({str(path)!r})))\n"
        "(row,) = facts.rejects\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
        "print(done.tally.stored, done.tally.rejected, row.byte, row.reason)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )
    memory, result = ended.stdout.splitlines()
    assert result == f"2 1 {len(record)} too_many_values"
    assert int(memory) < 220  # A reader itself needs about 25 MB.


def test_a_long_text_full_of_commas_and_braces_is_not_rejected() -> None:
    text = b'{"text":"' + b'{\\"a\\":[1,2]},' * 300_000 + b'"}'
    assert text.count(b",") + text.count(b"{") + text.count(b"[") > MAX_VALUES
    assert not has_too_many_values(text)
    assert has_too_many_values(b"[" + b"1," * (MAX_VALUES + 1) + b"1]")
