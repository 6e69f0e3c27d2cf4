"""The story as it is kept: the files of a Codex home as they will be some minutes from `now_ms`,
and the projects they speak of. Composed by tests/demo; `make demo-story` writes it anew.
"""

from enum import StrEnum
from importlib.resources import files
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

FILE: Final = "story.zst"
ROOT: Final = "/home/dev"
"""Where the projects lie in the story."""


class Form(StrEnum):
    """How a file lies on the disk."""

    PLAIN = "plain"
    PACKED = "packed"
    """Compressed, as Codex does with old sessions."""
    DAMAGED = "damaged"
    """Compressed, and the end of it lost."""


class Chapter(Struct, frozen=True):
    """One file of the home; each line says itself when it was written."""

    path: str
    text: str
    form: Form = Form.PLAIN
    thread: str = ""
    """Whose writer holds a lock until the last line is told; empty where nobody writes any more."""


class Repository(Struct, frozen=True):
    """One project: its history for `git fast-import`, and what was not committed yet."""

    project: str
    branch: str
    """The one that is checked out."""
    history: str
    commits: dict[int, str]
    """The name that the story gives to each mark of the history."""
    edits: dict[str, str]


class Story(Struct, frozen=True):
    now_ms: int
    chapters: list[Chapter]
    repositories: list[Repository]


def packed(story: Story) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(story))


def shipped() -> Story:
    """The story that came with the program."""
    data = (files("ingest.demo") / FILE).read_bytes()
    return msgspec.json.decode(zstandard.decompress(data), type=Story)
