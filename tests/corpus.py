"""Homes that real Codex releases wrote against a scripted model, in `fixtures/corpus.tar.xz`.

`python -m tests.corpus FOLDER` packs the archive again. It cuts strings of more than 400
characters: these are Codex's own prompts and tool descriptions, which no test needs.
"""

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

ARCHIVE: Final = Path(__file__).parent / "fixtures" / "corpus.tar.xz"
WRITTEN_AT: Final = 1_795_340_000
"""The modification time of every file: later than all its lines."""
_LONG: Final = 400
_KEPT: Final = 60


@cache
def _unpacked() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="tailboard-corpus-")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder.name, filter="data")
    return folder


def corpus() -> Path:
    """The folder of the homes, unpacked once in each process."""
    return Path(_unpacked().name)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG:
        return f"{value[:_KEPT]} [{len(value) - _KEPT} characters cut]"
    if isinstance(value, dict):
        return {key: _cut(part) for key, part in value.items()}
    return [_cut(part) for part in value] if isinstance(value, list) else value


def _cut_line(line: bytes) -> bytes:
    try:
        before = json.loads(line)
    except ValueError:
        return line
    after = _cut(before)
    if after == before:
        return line
    return json.dumps(after, ensure_ascii=False, separators=(",", ":")).encode()


def cut_file(path: Path) -> bytes:
    """The content of a session file with long texts cut."""

    def zstd(option: str, data: bytes) -> bytes:
        return subprocess.run(["zstd", option], input=data, stdout=-1, check=True).stdout

    packed, content = path.suffix == ".zst", path.read_bytes()
    lines = (zstd("-dc", content) if packed else content).split(b"\n")
    content = b"\n".join(map(_cut_line, lines))
    return zstd("-c", content) if packed else content


def pack(folder: Path) -> None:
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("codex-*/**/*.jsonl*")):
            content = cut_file(path)
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mtime = len(content), WRITTEN_AT
            archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
