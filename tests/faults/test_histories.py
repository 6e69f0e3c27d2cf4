"""After any sequence of file changes and crashes, every line is stored exactly once."""

import contextlib
import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ingest.db import commit_results, queue
from ingest.db.database import Database
from ingest.pipeline import run
from ingest.pipeline.follow import Owner
from ingest.pipeline.run import RunSettings
from tests.build import scenarios
from tests.build.home import Home
from tests.facts_dump import dump
from tests.faults.fault_harness import FaultHarness, Oracle
from tests.soak import SOAK
from tests.unit.tail.builders import pack

NOISE = (
    b"",
    b"{not json",
    b'{"timestamp":"2026-11-21T08:00:00.000Z","type":"a_new_kind","payload":{}}',
    b'{"timestamp":"2026-11-21T08:00:00.000Z","type":"a_new_kind","payload":{}}',
    b"\x00\x00\x00",
    b"[]",
    b'{"half": "\xff\xfe"}',
)
HISTORY = "history.jsonl"


class Crash(BaseException):
    """The program ends here; no handler of ours may catch it."""


class Crasher:
    """Ends the program at the n-th call of one of its boundaries."""

    def __init__(self, boundary: str, count: int) -> None:
        self.boundary, self.count = boundary, count

    def passes(self, boundary: str) -> None:
        if boundary == self.boundary:
            self.count -= 1
            if self.count == 0:
                raise Crash(boundary)

    def set(self) -> Any:
        commit, claim, store = commit_results.commit_results, queue.claim, commit_results._store

        def around(*arguments: Any) -> None:
            self.passes("before a transaction")
            commit(*arguments)
            self.passes("after a commit")

        def claimed(*arguments: Any) -> None:
            claim(*arguments)
            self.passes("after a claim")

        def stored(*arguments: Any) -> None:
            store(*arguments)
            self.passes("before a commit")

        return (
            patch.object(run, "commit_results", around),
            patch.object(commit_results, "claim", claimed),
            patch.object(commit_results, "_store", stored),
        )


BOUNDARIES = ("before a transaction", "after a claim", "before a commit", "after a commit")


class File:
    """One file as it is on disk, and the lines that are still to be written."""

    def __init__(self, harness: FaultHarness, name: str, script: list[bytes]) -> None:
        self.home = harness.home.path
        self.name = name
        self.content = b""
        self.script = script
        self.torn = b""
        self.packed = False
        self.archived = False
        self.gone = False
        self.accepted = b""
        """The whole lines that the stored facts represent."""
        self.place: tuple[int, int] = (0, 0)

    @property
    def path(self) -> Path:
        if self.name == HISTORY:
            return self.home / HISTORY
        folder = "archived_sessions" if self.archived else "sessions/2026/11/21"
        return self.home / folder / (self.name + (".zst" if self.packed else ""))

    @property
    def whole(self) -> bytes:
        return self.content[: self.content.rfind(b"\n") + 1]

    def next_line(self, noise: int) -> bytes:
        if noise < len(NOISE):
            return NOISE[noise]
        self.script.append(self.script.pop(0))
        return self.script[-1]

    def put(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(pack(self.content) if self.packed else self.content)

    def append(self, data: bytes) -> None:
        self.content += data
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(data)

    def moved(self, change: str, value: bool) -> None:
        before = self.path
        setattr(self, change, value)
        if change == "packed":
            self.put()
            before.unlink()
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            before.rename(self.path)


def _scripts() -> list[tuple[str, list[bytes]]]:
    """Two real sessions, line by line, and a list of prompts with repetitions."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        chat, partial = scenarios.chat(home), scenarios.partial(home, "g3")
        found = [
            (session.path.name, [line.rstrip(b"\n") for line in session.lines])
            for session in (chat, partial)
        ]
    prompts = [
        b'{"session_id":"s%d","ts":%d,"text":"%s"}' % (n % 2, 1_795_000_000 + n % 3, b"again")
        for n in range(6)
    ]
    return [*found, (HISTORY, prompts)]


SCRIPTS = _scripts()
some_file = st.sampled_from([0, 1, 2])
a_rollout = st.sampled_from([0, 1])


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="histories-"))
        self.at = FaultHarness(self.folder)
        self.files = [File(self.at, name, list(script)) for name, script in SCRIPTS]
        self.prompts: Counter[tuple[str, str, str]] = Counter()
        self.oracle = Oracle(self.folder)
        self.database: Database = self.at.open()
        self.owner: Owner = self.at.owner(self.database, RunSettings(batch_bytes=1_500))

    def teardown(self) -> None:
        self.settle()
        self.database.close()
        self.oracle.close()
        shutil.rmtree(self.folder)

    # ── changes of files ──────────────────────────────────────────────────────────────────────────

    @rule(which=some_file, noise=st.lists(st.integers(0, 40), min_size=1, max_size=12))
    def append(self, which: int, noise: list[int]) -> None:
        file = self.files[which]
        if not file.packed and not file.gone:
            lines = b"".join(file.next_line(one) + b"\n" for one in noise)
            file.append(file.torn + (b"\n" if file.torn else b"") + lines)
            file.torn = b""

    @rule(which=some_file, cut=st.integers(1, 60))
    def append_a_part_of_a_line(self, which: int, cut: int) -> None:
        file = self.files[which]
        if not file.packed and not file.gone and not file.torn:
            line = file.next_line(99)
            file.append(line[:cut])
            file.torn = line[cut:]

    @rule(which=some_file)
    def finish_the_line(self, which: int) -> None:
        file = self.files[which]
        if not file.packed and not file.gone and file.torn:
            file.append(file.torn + b"\n")
            file.torn = b""

    @rule(which=a_rollout)
    def archive_or_bring_back(self, which: int) -> None:
        file = self.files[which]
        if not file.gone and file.path.exists():
            file.moved("archived", not file.archived)

    @rule(which=a_rollout, keep_plain=st.booleans())
    def compress_or_materialise(self, which: int, keep_plain: bool) -> None:
        file = self.files[which]
        if file.gone or not file.path.exists():
            return
        if keep_plain and not file.packed:
            # Both exist for a moment; the compressed file may even be older.
            twin = file.path.with_name(file.name + ".zst")
            file.packed = True
            file.put()
            file.packed = False
            self.read()
            twin.unlink()
        file.moved("packed", not file.packed)

    @rule(which=some_file, noise=st.lists(st.integers(0, 40), max_size=10), longer=st.booleans())
    def rewrite(self, which: int, noise: list[int], longer: bool) -> None:
        """`longer`: emptied and grown past the old end, between two scans."""
        file = self.files[which]
        if file.gone:
            return
        content = b"".join(file.next_line(one) + b"\n" for one in noise)
        while longer and len(content) <= len(file.content) < 3_500:
            content += file.next_line(99) + b"\n"
        file.content, file.torn = content, b""
        file.put()

    @rule(which=some_file, keep=st.integers(0, 3_000))
    def cut_the_end(self, which: int, keep: int) -> None:
        file = self.files[which]
        if not file.gone and file.path.exists():
            file.content, file.torn = file.content[:keep], b""
            file.put()

    @rule(drop=st.integers(1, 6))
    def trim_the_head_of_the_list(self, drop: int) -> None:
        file = self.files[2]
        if not file.gone and file.path.exists():
            kept = file.whole.split(b"\n")[:-1][drop:]
            file.content, file.torn = b"".join(line + b"\n" for line in kept), b""
            file.put()

    @rule(which=some_file)
    def replace_by_identical_content(self, which: int) -> None:
        file = self.files[which]
        if not file.gone and file.path.exists():
            copy = file.path.with_name("copy")
            shutil.copyfile(file.path, copy)
            copy.replace(file.path)

    @rule(which=some_file)
    def delete_or_restore(self, which: int) -> None:
        file = self.files[which]
        if file.gone:
            file.put()
        elif file.path.exists():
            file.path.unlink()
        else:
            return
        file.gone = not file.gone

    # ── events of the program ─────────────────────────────────────────────────────────────────────

    @rule()
    def read(self) -> None:
        report = self.owner.read_once()
        assert report.paused is None
        self.check()

    @rule(boundary=st.sampled_from(BOUNDARIES), count=st.integers(1, 5), reopen=st.booleans())
    def crash(self, boundary: str, count: int, reopen: bool) -> None:
        first, second, third = Crasher(boundary, count).set()
        with first, second, third, contextlib.suppress(Crash):
            self.owner.read_once()
        self.restart(reopen)
        self.check()

    @rule(reopen=st.booleans())
    def restart(self, reopen: bool) -> None:
        if reopen:
            self.database.close()
            self.database = self.at.open()
            assert not self.at.notes
        self.owner = self.at.owner(self.database, RunSettings(batch_bytes=1_500))

    @precondition(lambda self: any(file.path.exists() for file in self.files))
    @rule()
    def settle(self) -> None:
        """Read to the end: now all content is stored."""
        self.read()
        cursors = self.at_cursors()
        for file in self.files:
            if file.whole and not file.gone and file.path.exists():
                assert file.accepted == file.whole, file.name
                assert cursors[file.name][2] == file.whole.count(b"\n")

    # ── invariants ────────────────────────────────────────────────────────────────────────────────

    def at_cursors(self) -> dict[str, tuple[int, int, int, int, int]]:
        found = self.database.execute(
            "select s.path, c.generation, c.byte, c.lines, c.stored + c.rejected + c.blank, "
            "c.partial from sources s join cursors c on c.source = s.id"
        ).fetchall()
        return {Path(path).name.removesuffix(".zst"): tuple(rest) for path, *rest in found}

    def check(self) -> None:
        cursors = self.at_cursors()
        for file in self.files:
            generation, byte, lines, accounted, _ = cursors.get(file.name, (0, 0, 0, 0, 0))
            if (generation, byte) != file.place:
                self.accept(file, file.content[:byte], anew=generation != file.place[0])
                file.place = (generation, byte)
            assert file.accepted.endswith(b"\n") or not file.accepted
            assert lines == accounted == file.accepted.count(b"\n"), file.name
        stored = list(dump(self.database))
        expected_facts = self.oracle.facts({file.name: file.accepted for file in self.files[:2]})
        assert _of_rollouts(stored) == expected_facts
        assert _prompts(stored) == self.prompts

    def accept(self, file: File, content: bytes, *, anew: bool) -> None:
        if file.name == HISTORY:
            new = _typed(content if anew else content[len(file.accepted) :])
            if anew:
                self.prompts |= new
            else:
                assert content.startswith(file.accepted)
                self.prompts += new
        file.accepted = content


def _of_rollouts(facts: list[str]) -> list[str]:
    return [fact for fact in facts if '"of": "rollout/' in fact]


def _prompts(facts: list[str]) -> Counter[tuple[str, str, str]]:
    rows = [json.loads(fact.partition(" ")[2]) for fact in facts if fact.startswith("prompts ")]
    return Counter((row["thread"], row["time"], row["text"]) for row in rows)


def _typed(content: bytes) -> Counter[tuple[str, str, str]]:
    """The prompts of these lines. After a torn line without a newline, a whole row still counts."""
    found: Counter[tuple[str, str, str]] = Counter()
    for line in content.split(b"\n"):
        row = _row(line) or _row(line[max(0, line.rfind(b'{"session_id"')) :])
        if row is not None:
            found[(row["session_id"], f"2026-11-18 {_clock(row['ts'])}", row["text"])] += 1
    return found


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "session_id" in row else None


def _clock(seconds: int) -> str:
    minutes, second = divmod(seconds % 86_400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


@pytest.mark.fault("F01", "F02", "F03", "F05", "F06", "F07", "F08", "F11", "F12", "F13", "F16")
@pytest.mark.fault("F17", "F19", "L14", "P01", "P02", "D01", "D20")
def test_after_any_history_the_database_equals_one_undisturbed_reading() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=2_500 if SOAK else 5,
            stateful_step_count=30 if SOAK else 20,
            deadline=None,
            # A failure is reported as found: shrinking it takes minutes.
            phases=tuple(phase for phase in Phase if SOAK or phase is not Phase.shrink),
        ),
    )
