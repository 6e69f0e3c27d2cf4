"""Session files as lists of records, and which of them are the file's own.

Written from the description of Codex's files and from real files. It shares no code with
`ingest/codex`, reads whole files into memory, and prefers the simplest rule that is right.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

Json = dict[str, Any]
NAME = re.compile(r"rollout-.*?([0-9a-f-]{36})(?:_[0-9a-f-]{36})?\.jsonl(?:\.zst)?$")


@dataclass(frozen=True)
class Record:
    kind: str
    """`event:NAME`, `item:NAME` (a response item), `done:NAME` (a finished turn item), or the
    type of the line."""
    body: Json
    """The payload; of a finished turn item, the item."""
    line: Json
    byte: int

    @property
    def owner(self) -> str | None:
        return self.line["payload"].get("thread_id") if self.kind.startswith("done:") else None

    def before(self, base: Json) -> bool:
        """Whether a file that continues from `base` still contains this record."""
        if "ordinal" in self.line:
            return bool(self.line["ordinal"] < base["end_ordinal_exclusive"])
        return bool(self.byte < base["end_byte_offset"])


@dataclass
class File:
    path: Path
    thread: str
    meta: Json
    records: list[Record]
    own: int = 0
    """The number of the first record that is not copied from another thread's history."""
    inherited: int = 0
    """The token total from which the file's own counts continue."""
    replaced: Json | None = None
    """Where a later file of the same thread replaces this one."""

    @property
    def mine(self) -> list[Record]:
        """Its own records. The items of a review are repeated in the file of its parent."""
        owners = (None, self.thread)
        return [one for one in self.records[self.own :] if one.owner in owners]


Thread = list[File]
"""The files of one thread, in order of continuation."""


def minor(release: object) -> int:
    """45 for 0.45.1; 0 if it is unknown."""
    found = re.match(r"0\.(\d+)", str(release))
    return int(found[1]) if found else 0


def threads(homes: Iterable[Path]) -> dict[str, Thread]:
    """All threads; if there is a plain and a compressed file, the plain one counts."""
    found_files = (path for home in homes for path in home.rglob("*sessions/**/rollout-*.jsonl*"))
    paths: dict[str, Path] = {}
    for path in sorted(found_files, reverse=True):
        if NAME.search(path.name):
            paths[path.name.removesuffix(".zst")] = path
    found: dict[str, Thread] = {}
    for name in sorted(paths):
        file = read(paths[name])
        if file.records:
            found.setdefault(file.thread, []).append(file)
    for files in found.values():
        for previous, file in zip([None, *files], files, strict=False):
            inherit(file, previous, found)
    return found


def read(path: Path) -> File:
    data = content(path)
    records = list(parse(data))
    meta = next((one.body for one in records if one.kind == "session_meta"), {})
    named = NAME.search(path.name)
    return File(path, str(meta.get("id") or (named and named[1])), meta, records)


def content(path: Path, depth: int = 64) -> bytes:
    """The bytes of a file, after those of the older parts that its second line refers to."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    second = list(parse(b"".join(data.splitlines(keepends=True)[:2])))[1:]
    if not (depth and second and second[0].kind == "rollout_reference"):
        return data
    older = Path(second[0].body["rollout_path"])
    found = [one for one in (older, older.with_name(older.name + ".zst")) if one.is_file()]
    return (content(found[0], depth - 1) if found else b"") + data


def parse(data: bytes) -> Iterator[Record]:
    byte = 0
    for raw in data.splitlines(keepends=True):
        start, byte = byte, byte + len(raw)
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if raw.endswith(b"\n") and isinstance(line, dict):
            yield Record(*classify(line), line, start)


def classify(line: Json) -> tuple[str, Json]:
    kind, payload = line.get("type"), line.get("payload")
    if not isinstance(payload, dict):  # A bare file: no envelopes.
        return ("session_meta" if kind is None and "id" in line else f"item:{kind}"), line
    if kind == "event_msg" and payload.get("type") == "item_completed":
        return f"done:{payload['item'].get('type')}", payload["item"]
    if kind in ("event_msg", "response_item"):
        return f"{'event' if kind == 'event_msg' else 'item'}:{payload.get('type')}", payload
    return str(kind), payload


def inherit(file: File, previous: File | None, found: dict[str, Thread]) -> None:
    """Determine where a file's own history begins, and the token total it continues from."""
    base = file.meta.get("history_base")
    if base:  # It continues another file by pointer.
        parent = previous or first_file(found, base["thread_id"])
        if previous:
            previous.replaced = base
        if parent:
            before = [one for one in parent.records if one.before(base)]
            file.inherited = last_total(before) or parent.inherited
        return
    file.own = copied(file, found)
    file.inherited = last_total(file.records[: file.own])


def first_file(found: dict[str, Thread], thread: str) -> File | None:
    return found[thread][0] if thread in found else None


def copied(file: File, found: dict[str, Thread]) -> int:
    """How many records at the beginning repeat the history of another thread."""
    records, until = file.records, file.meta.get("subagent_history_start_ordinal")
    if until is not None:
        return sum(record.line.get("ordinal", until) < until for record in records)
    strangers = [
        number
        for number, record in enumerate(records)
        if record.kind == "session_meta" and record.body.get("id") != file.thread
    ]
    if not strangers:
        return 0
    parent = first_file(found, str(records[strangers[0]].body.get("id")))
    if parent:  # A copy is verbatim except for the timestamps.
        same, bodies = strangers[0], {json.dumps(record.body) for record in parent.records}
        while same < len(records) and json.dumps(records[same].body) in bodies:
            same += 1
        return same
    # The parent is missing; a copy is written at once.
    first = records[0].line["timestamp"][:19]
    return sum(record.line["timestamp"][:19] == first for record in records)


def last_total(records: list[Record]) -> int:
    return ([0] + [now for record in records if (now := total(record)) is not None])[-1]


def total(record: Record) -> int | None:
    """The running total of tokens that a record states."""
    if record.kind == "event:token_count":
        usage = (record.body.get("info") or {}).get("total_token_usage")
    elif record.kind == "token_usage_record":
        usage = record.body.get("thread_token_usage")
    else:
        return None
    return spent(usage) if usage else None


def spent(usage: Json) -> int:
    """Input and output: cached tokens are part of the input, reasoning is part of the output.

    A total without parts is the size of a context that overflowed.
    """
    parts = int(usage.get("input_tokens") or 0) + int(usage.get("output_tokens") or 0)
    return int(usage.get("total_tokens") or parts) if parts else 0
