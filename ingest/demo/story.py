"""The recorded data: the files of a Codex home as of some minutes after `now_ms`, and the projects
that they mention. Composed by tests/demo; `make demo-story` writes it again.
"""

from enum import StrEnum
from importlib.resources import files
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

FILE: Final = "story.zst"
ROOT: Final = "/home/dev"
"""The folder of the projects in the recorded files."""


class Form(StrEnum):
    """How a file is stored."""

    PLAIN = "plain"
    PACKED = "packed"
    """Compressed, as Codex does with old sessions."""
    DAMAGED = "damaged"
    """Compressed and truncated."""


class Chapter(Struct, frozen=True):
    """One file of the home. Its lines contain the times at which they are written."""

    path: str
    text: str
    form: Form = Form.PLAIN
    thread: str = ""
    """The thread whose writer lock exists until the last line is written; empty for none."""


class Repository(Struct, frozen=True):
    """One project: its history for `git fast-import`, and its uncommitted files."""

    project: str
    branch: str
    """The branch that is checked out."""
    history: str
    commits: dict[int, str]
    """The commit id in the recorded files, for each mark of the history."""
    edits: dict[str, str]


class Story(Struct, frozen=True):
    now_ms: int
    chapters: list[Chapter]
    repositories: list[Repository]


def packed(story: Story) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(story))


def shipped() -> Story:
    """The data shipped with the program."""
    data = (files("ingest.demo") / FILE).read_bytes()
    return msgspec.json.decode(zstandard.decompress(data), type=Story)
