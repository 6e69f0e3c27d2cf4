"""A session file that Codex replaced by a short successor, joined with its older parts.

The first lines of such a file hold a `rollout_reference` to the part that was moved away, and that
part may refer to a still older one. Joined, they are one source: oldest part first, with offsets
that continue, so that replacing the file changes nothing of what was read before.

A reference is followed only inside the Codex home, without links, to a rollout file of the same
session. Any other is refused and the reason given. Then the joined source has no older part, or a
gap in its place, if it was read before: what is stored of it stays.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ingest.errors import SourceError, SourceIO, SourceMissing
from ingest.tail.discovery import ARCHIVED, SESSIONS
from ingest.tail.opening import open_source
from ingest.tail.reader import Reader, Refused
from ingest.tail.source import Representation

MAX_PARTS = 64
_LINES = 8
"""The reference is one of the first lines; Codex writes it as the second."""
_BYTES = 2 * 1024**2
"""The limit of these lines together: the first contains all instructions of the session."""
_CHUNK = 16 * 1024


class _Payload(Struct):
    id: Any = None
    rollout_path: Any = None
    thread_id: Any = None
    nth_user_message: Any = None


class _Line(Struct):
    type: Any = None
    payload: _Payload | None = None


class _Reference(Struct, frozen=True):
    offset: int
    line: bytes
    path: str
    """As in the line; empty if it has none."""
    thread: str


class _RefusalError(Exception):
    """Why a reference is not followed."""


_decode = msgspec.json.Decoder(_Line).decode


class JoinedReader(Reader):
    """The parts of one session file, oldest first. `gap` bytes before them cannot be read again."""

    def __init__(self, parts: list[Reader], starts: list[str], gap: int, refused: Refused | None):
        live = parts[-1]
        super().__init__(live.path, -1, live.seen)
        self.representation = live.representation
        self.gap, self.refused = gap, refused
        self._parts: list[tuple[int, Reader]] = []
        self.starts = {}
        end = gap
        for part, reference in zip(parts, starts, strict=True):
            self._parts.append((end, part))
            if reference:
                self.starts[reference] = end
            end += part.end()
        self._end = end
        self.bytes_read = sum(part.bytes_read for part in parts)

    def close(self) -> None:
        for _, part in self._parts:
            part.close()

    def end(self) -> int:
        return self._end

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < self.gap:
            return bytes(min(length, self.gap - offset))
        for start, part in reversed(self._parts):
            if offset >= start:
                before = part.bytes_read
                data = part.read_at(offset - start, length)
                self.bytes_read += part.bytes_read - before
                return data
        return b""


def joined(live: Reader, starts: Mapping[str, int] | None = None, read_to: int = 0) -> Reader:
    """`live` itself, or a reader of all parts if its first lines refer to an older one.

    `starts` and `read_to` say what was read before: at which offset the file with each reference
    begins, and the end. If the oldest reference found is refused, the parts begin there.
    """
    reference = _reference(live)
    if reference is None:
        return live
    parts, references = [live], [reference]
    refusal = ""
    try:
        while True:
            try:
                part = _open(live.path, references[-1], parts)
            except SourceIO:
                raise
            except _RefusalError as error:
                refusal = str(error)
                break
            except SourceError as error:
                refusal = f"The older part cannot be read. {error.message}"
                break
            parts.append(part)
            older = _reference(part)
            if older is None:
                break
            references.append(older)
        names = [one.path for one in references] + [""] * (len(parts) - len(references))
        gap, refused = 0, None
        if refusal:
            last = references[-1]
            gap = (starts or {}).get(last.path, read_to)
            refused = Refused(gap + last.offset, last.line, refusal)
        return JoinedReader(parts[::-1], names[::-1], gap, refused)
    except BaseException:
        for part in parts[1:]:
            part.close()
        raise


def open_joined(path: str, representation: Representation | str, read_to: int) -> Reader:
    """Open a session file again with its older parts, as it was read up to `read_to`."""
    live = open_source(path, representation)
    try:
        reader = joined(live)
        if reader.refused is not None and read_to > reader.end():
            hint = "What was read of it is kept."
            raise SourceMissing(path, reader.refused.message, hint)
    except BaseException:
        live.close()
        raise
    return reader


def _reference(reader: Reader) -> _Reference | None:
    """The reference to an older part of the same session in the first lines of a file."""
    thread = None
    for offset, raw, kind, payload in _first_records(reader):
        if kind == "session_meta" and thread is None:
            thread = payload.id
        elif kind == "rollout_reference" and isinstance(thread, str):
            # A reference to another session, or to a prompt in it, says where a fork began.
            same = payload.thread_id in (None, thread)
            if same and payload.nth_user_message is None:
                path = payload.rollout_path
                return _Reference(offset, raw, path if isinstance(path, str) else "", thread)
    return None


def _first_records(reader: Reader) -> Iterator[tuple[int, bytes, Any, _Payload]]:
    """The first lines that are records: offset, line, type and payload of each."""
    for offset, raw in _first_lines(reader):
        try:
            line = _decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if line.payload is not None:
            yield offset, raw, line.type, line.payload


def _first_lines(reader: Reader) -> Iterator[tuple[int, bytes]]:
    data, begin = b"", 0
    for _ in range(_LINES):
        while (end := data.find(b"\n", begin)) < 0:
            piece = reader.read_at(len(data), _CHUNK) if len(data) < _BYTES else b""
            if not piece:
                return
            data += piece
        yield begin, data[begin:end]
        begin = end + 1


def _open(live: str, reference: _Reference, opened: list[Reader]) -> Reader:
    if len(opened) > MAX_PARTS:
        raise _RefusalError(f"The session file has more than {MAX_PARTS} older parts.")
    path = _find(live, reference.path)
    compressed = path.endswith(".zst")
    part = open_source(path, Representation.ZST if compressed else Representation.PLAIN)
    try:
        known = {(one.seen.dev, one.seen.inode) for one in opened}
        if (part.seen.dev, part.seen.inode) in known:
            raise _RefusalError("The reference to the older part leads back to a newer one.")
        if _thread(part) != reference.thread:
            raise _RefusalError("The reference leads to a file that is no part of this session.")
        part.end()
    except BaseException:
        part.close()
        raise
    return part


def _thread(reader: Reader) -> str | None:
    for _, _, kind, payload in _first_records(reader):
        if kind == "session_meta":
            return payload.id if isinstance(payload.id, str) else None
    return None


def _find(live: str, named: str) -> str:
    """The file that a reference names, or its compressed copy.

    If the home was moved, it is found under the same path below the new place.
    """
    home = _home(live)
    if home is None or not named or "\0" in named:
        raise _RefusalError("The reference to the older part names no file.")
    plain = named.removesuffix(".zst")
    name = os.path.basename(plain)
    if not (name.startswith("rollout-") and ".jsonl" in name):
        raise _RefusalError("The reference leads to a file that is no session file.")
    outside = True
    for below in _below(home, plain):
        outside = False
        for path in (os.path.join(home, below), os.path.join(home, below + ".zst")):
            if _is_file_without_links(home, path):
                return path
    if outside:
        raise _RefusalError("The reference to the older part leads out of the Codex home.")
    raise _RefusalError("The older part of this session file is missing.")


def _home(live: str) -> str | None:
    parts = Path(os.path.abspath(live)).parts
    for number in reversed(range(1, len(parts) - 1)):
        if parts[number] in (SESSIONS, ARCHIVED):
            return str(Path(*parts[:number]))
    return None


def _below(home: str, named: str) -> Iterator[str]:
    """Paths below the home, the most likely first."""
    if not os.path.isabs(named):
        inside = os.path.normpath(named)
        if inside.split(os.sep)[0] != os.pardir:
            yield inside
        return
    path = os.path.normpath(named)
    for root in (home, os.path.realpath(home)):
        if path.startswith(root.rstrip(os.sep) + os.sep):
            yield os.path.relpath(path, root)
            return
    parts = path.strip(os.sep).split(os.sep)
    for start in range(1, len(parts) - 1):
        below = os.path.join(*parts[start:])
        if os.path.lexists(os.path.join(home, parts[start])):
            yield below


def _is_file_without_links(home: str, path: str) -> bool:
    where = home
    steps = os.path.relpath(path, home).split(os.sep)
    try:
        for step in steps[:-1]:
            where = os.path.join(where, step)
            # The whole folder of sessions may be a link.
            top = step == steps[0] and step in (SESSIONS, ARCHIVED)
            if not stat.S_ISDIR((os.stat if top else os.lstat)(where).st_mode):
                return False
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False
