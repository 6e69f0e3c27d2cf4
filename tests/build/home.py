"""A CODEX_HOME: the folders of session files, and the files beside them.

Later operations on files (archive, compress, trim) are done here as Codex does them, so that
inodes and modification times change as on a user's disk.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import zstandard

from tests.build.line import START_MS, Clock, Ids, Json, compact, iso
from tests.build.rollout import Rollout
from tests.build.writer import Writer


class Home:
    """`zone` is the local time that names folders and files; everything inside is UTC."""

    def __init__(self, path: Path, *, zone: tzinfo = UTC, start_ms: int = START_MS) -> None:
        self.path = path
        self.zone = zone
        self.clock = Clock(start_ms)
        self.ids = Ids(self.clock)
        (path / "sessions").mkdir(parents=True, exist_ok=True)
        (path / "archived_sessions").mkdir(exist_ok=True)

    # ── sessions ────────────────────────────────────────────────────────────────────────────────

    def session(
        self, generation: str = "g4", cli_version: str | None = None, **options: Any
    ) -> Rollout:
        """A new session; see Rollout for further options."""
        self.clock.tick(10)
        return Rollout(self, generation, cli_version, **options)

    def rollout_path(self, thread_id: str, segment_id: str | None = None) -> Path:
        """The path of a session that begins now."""
        now = self._now()
        segment = f"_{segment_id}" if segment_id is not None else ""
        name = f"rollout-{now:%Y-%m-%dT%H-%M-%S}-{thread_id}{segment}.jsonl"
        return self.path / "sessions" / f"{now:%Y/%m/%d}" / name

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.seconds, self.zone)

    def typescript(self, items: list[Json]) -> Path:
        """One save of the TypeScript program (G0): a whole new file under a new id every time."""
        session_id = self.ids.v4()
        path = self.path / "sessions" / f"rollout-{self._now():%Y-%m-%d}-{session_id}.json"
        session = {"timestamp": iso(self.clock.tick()), "id": session_id, "instructions": ""}
        whole = {"session": session, "items": items}
        path.write_text(json.dumps(whole, indent=2, ensure_ascii=False), encoding="utf-8")
        return path

    # ── archiving and compressing ─────────────────────────────────────────────────────────────────

    def archive(self, rollout: Writer) -> Path:
        """Moved into the flat folder: same name, same inode."""
        return self._move(rollout, self.path / "archived_sessions" / rollout.path.name)

    def unarchive(self, rollout: Writer) -> Path:
        """Moved back to the day its name says, and touched."""
        day = rollout.path.name.removeprefix("rollout-")[:10].replace("-", "/")
        path = self._move(rollout, self.path / "sessions" / day / rollout.path.name)
        os.utime(path, (self.clock.seconds, self.clock.seconds))
        return path

    def _move(self, rollout: Writer, to: Path) -> Path:
        to.parent.mkdir(parents=True, exist_ok=True)
        rollout.path = rollout.path.rename(to)
        return to

    def compress(self, rollout: Writer, *, keep_plain: bool = False) -> Path:
        """One zstd frame with the plain file's modification time; the plain file goes."""
        plain = rollout.path
        before = plain.stat()
        packed = plain.with_name(plain.name + ".zst")
        compressor = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
        packed.write_bytes(compressor.compress(plain.read_bytes()))
        os.utime(packed, ns=(before.st_atime_ns, before.st_mtime_ns))
        if not keep_plain:
            plain.unlink()
        return packed

    def materialise(self, rollout: Writer) -> Path:
        """What a resume does: a new plain file, the compressed one goes."""
        packed = rollout.path.with_name(rollout.path.name + ".zst")
        unpacked = zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read()
        rollout.path.write_bytes(unpacked)
        packed.unlink()
        return rollout.path

    def rotate(self, path: Path, *, named: str | None = None) -> Path:
        """The file is copied into a folder of old parts, and replaced at once by a short successor.

        `named`: what the reference says instead of the path of the copy, which is returned.
        """
        data = path.read_bytes()
        meta: Json = json.loads(data.partition(b"\n")[0])
        thread = meta["payload"]["id"]
        segments = self.path / "rotated_segments" / thread
        segment = meta["payload"].get("segment_id")
        old = segments / (segment or "initial") / path.name
        old.parent.mkdir(parents=True)
        old.write_bytes(data)
        meta["payload"]["segment_id"] = self.ids.v7()
        reference = {
            "rollout_path": str(old) if named is None else named,
            "thread_id": thread,
            "segment_id": segment,
            "max_depth": 16,
            "nth_user_message": None,
        }
        successor = path.with_name(path.name + ".tmp")
        line = {"timestamp": iso(self.clock.ms), "type": "rollout_reference", "payload": reference}
        successor.write_bytes(compact(meta) + b"\n" + compact(line) + b"\n")
        successor.replace(path)
        return old

    # ── other files ───────────────────────────────────────────────────────────────────────────────

    @property
    def history_path(self) -> Path:
        return self.path / "history.jsonl"

    def history(self, session: Rollout, text: str, ts: int | None = None) -> Path:
        """A prompt typed in the interactive program."""
        when = self.clock.seconds if ts is None else ts
        line: Json = {"session_id": session.thread.id, "ts": when, "text": text}
        return append(self.history_path, line)

    def trim_history(self, keep: int) -> Path:
        """Drop the oldest lines: the same inode is emptied and written again."""
        file = os.open(self.history_path, os.O_RDWR)
        try:
            lines = self.history_path.read_bytes().splitlines(keepends=True)
            os.ftruncate(file, 0)
            os.write(file, b"".join(lines[len(lines) - keep :]))
        finally:
            os.close(file)
        return self.history_path

    def name(self, session: Rollout, name: str) -> Path:
        """A rename; 0.115 to 0.133 record it in the session as well."""
        if 115 <= session.release.minor < 134:
            session.settle()
            session.event("thread_name_updated", thread_id=session.thread.id, thread_name=name)
        when = iso(self.clock.tick())[:-1] + "059093Z"
        line: Json = {"id": session.thread.id, "thread_name": name, "updated_at": when}
        return append(self.path / "session_index.jsonl", line)

    def lock(self, session: Rollout) -> Path:
        """The lock of a live thread; unlinked when it is unloaded."""
        path = self.path / "thread-writer-locks" / f"{session.thread.id}.lock"
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        return path


def append(path: Path, line: Json) -> Path:
    """One line in one write."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, compact(line) + b"\n")
    finally:
        os.close(file)
    return path
