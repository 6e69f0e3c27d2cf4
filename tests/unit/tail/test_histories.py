"""After any sequence of changes, every whole line seen at a poll is read once per generation."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ingest.tail.cursor import START, Verdict
from ingest.tail.discovery import scan
from tests.unit.tail.builders import append, pack, poll, rollout, uuid, write

NAME = rollout()
lines = st.sampled_from([b"", b"same", b"\r", b"\x00\x00", "\u2028".encode(), b"x" * 300]) | (
    st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"_"))
)


class File(RuleBasedStateMachine):
    """One session with all changes that Codex, a user or a crash can make to its file."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.path = write(self.home / "sessions/2026/11/21" / NAME)
        self.content = b""
        self.cursor = START
        self.read: list[bytes] = []

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    @property
    def packed(self) -> bool:
        return self.path.suffix == ".zst"

    def put(self, content: bytes) -> None:
        self.content = content
        self.path.write_bytes(pack(content) if self.packed else content)

    @precondition(lambda self: not self.packed)
    @rule(new=st.lists(lines, min_size=1, max_size=20), torn=lines)
    def append(self, new: list[bytes], torn: bytes) -> None:
        data = b"".join(line + b"\n" for line in new) + torn
        self.content += data
        append(self.path, data)

    @rule()
    def move_to_the_other_root(self) -> None:
        if not self.packed:
            self.path.with_name(NAME + ".zst").unlink(missing_ok=True)
        live = self.home / "sessions/2026/11/21"
        archive = self.home / "archived_sessions"
        archive.mkdir(exist_ok=True)
        self.path = self.path.rename(
            (archive if self.path.parent == live else live) / self.path.name
        )

    @rule()
    def compress_or_unpack(self) -> None:
        old = self.path
        self.path = old.with_name(NAME if self.packed else NAME + ".zst")
        self.put(self.content)
        old.unlink()

    @precondition(lambda self: not self.packed)
    @rule()
    def leave_an_older_compressed_copy_behind(self) -> None:
        self.path.with_name(NAME + ".zst").write_bytes(pack(self.content))

    @rule()
    def replace_by_identical_content(self) -> None:
        copy = self.path.with_name("copy")
        shutil.copyfile(self.path, copy)
        copy.replace(self.path)

    @rule(content=st.lists(lines, max_size=30))
    def rewrite(self, content: list[bytes]) -> None:
        self.put(b"\n".join(content))

    @rule(keep=st.integers(0, 600))
    def cut_the_end(self, keep: int) -> None:
        self.put(self.content[:keep])

    @rule(drop=st.integers(1, 20), new=st.lists(lines, max_size=10))
    def trim_the_head(self, drop: int, new: list[bytes]) -> None:
        kept = b"\n".join(self.content.split(b"\n")[drop:])
        self.put(kept + b"".join(line + b"\n" for line in new))

    @rule(at=st.integers(0, 5000))
    def edit_in_place(self, at: int) -> None:
        if at < len(self.content):
            byte = bytes([self.content[at] ^ 0x80])
            self.put(self.content[:at] + byte + self.content[at + 1 :])

    @rule(limit=st.sampled_from([1, 50, 1 << 40]))
    def poll(self, limit: int) -> None:
        (found,) = scan(self.home).found
        assert found.name.thread == uuid(1)
        offset = self.cursor.offset
        continues = self.content[:offset] == b"".join(line + b"\n" for line in self.read)
        before = self.cursor
        self.cursor, verdict, new = poll(self.cursor, Path(found.path), limit)
        if verdict is Verdict.EMPTIED or (verdict is Verdict.REWRITTEN and not new):
            assert not continues
            assert self.cursor.offset == offset
            return
        # Head and marker together cover every byte up to here, so the verdict must be exact.
        if offset <= 4096 + 256:
            assert continues == (verdict is not Verdict.REWRITTEN)
        self.read = new if verdict is Verdict.REWRITTEN else self.read + new
        assert self.cursor.generation == before.generation + (verdict is Verdict.REWRITTEN)
        stored = b"".join(line + b"\n" for line in self.read)
        assert self.cursor.offset == len(stored)
        whole = self.content[: self.content.rfind(b"\n") + 1]
        if offset <= 4096 + 256:
            assert whole.startswith(stored)
            assert limit == 1 or limit == 50 or stored == whole


TestHistories = File.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
