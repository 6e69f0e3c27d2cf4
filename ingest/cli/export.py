"""Writes rejected lines to private files with safe names.

The bytes are verified by their hash; if the file has changed, only the stored beginning and end are
written, and the result says so. For a run of lines, all are written if the first is verified. Never
overwrites a file, never follows a link.
"""

import base64
import contextlib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ingest.db.query_reader import Row
from ingest.errors import FileChanged, FolderUnwritable
from ingest.private_files import create
from ingest.sessions.raw_lines import Range, read_chunks


class ExportedReject(Struct, frozen=True):
    id: str
    path: Path
    bytes: int
    whole: bool
    """Whether these are all the bytes that were rejected."""


class SkippedReject(Struct, frozen=True):
    id: str
    why: str


class ExportResult(Struct, frozen=True):
    written: list[ExportedReject]
    skipped: list[SkippedReject]


def export_rejects(rows: Iterable[Row], folder: Path) -> ExportResult:
    """Write each rejected line to a file in the folder."""
    done = ExportResult([], [])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for row in rows:
            try:
                done.written.append(_export(row, folder))
            except FileExistsError as error:
                done.skipped.append(SkippedReject(row["id"], f"{error.filename} already exists."))
    except OSError as error:
        raise FolderUnwritable(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Name another folder with --out.",
        ) from error
    return done


def _export(row: Row, folder: Path) -> ExportedReject:
    # The name consists of two numbers, so that nothing from a log gets into it.
    path = folder / f"line-{row['source']}-{row['byte']}"
    whole = path.with_suffix(".bytes")
    with contextlib.suppress(FileChanged):
        digest = sha256()
        for piece in read_chunks(_range(row, row["length"])):
            digest.update(piece)
        if digest.hexdigest() == row["sha256"]:
            size = _write(whole, read_chunks(_range(row, row["extent"])))
            return ExportedReject(row["id"], whole, size, whole=True)
    head, tail = base64.b64decode(row["head"]), base64.b64decode(row["tail"])
    if row["extent"] == row["length"] and sha256(head).hexdigest() == row["sha256"]:
        return ExportedReject(row["id"], whole, _write(whole, [head]), whole=True)
    ends = path.with_suffix(".ends")
    size = _write(ends, [head, b"\n...\n", tail])
    return ExportedReject(row["id"], ends, size, whole=False)


def _range(row: Row, length: int) -> Range:
    return Range(row["path"], row["representation"], row["byte"], row["byte"] + length)


def _write(path: Path, parts: Iterable[bytes]) -> int:
    size = 0
    with create(path) as file:
        try:
            for part in parts:
                size += file.write(part)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return size
