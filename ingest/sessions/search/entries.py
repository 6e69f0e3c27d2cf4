"""The texts that are indexed, and how each becomes a document of the index. Pure."""

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct
from tantivy import Document, Schema

from ingest.sessions.search.ranking import weight
from ingest.sessions.search.words import Words, analyzer, fold

KINDS: Final = (
    "prompt", "answer", "call", "script", "self", "step", "file", "goal", "error", "note",
)  # fmt: skip
"""The kinds of indexed texts; a call is both a command and its output."""
_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}
KEPT: Final = ("step", "file", "goal", "error", "note")
"""The kinds whose text the index keeps, because no byte identifies it in the database."""


class Entry(Struct, frozen=True, gc=False):
    """A text to be indexed."""

    source: int
    byte: int
    turn: int
    time: int | None
    """Microseconds since 1970."""
    kind: str
    text: str
    status: str | None = None
    tool: str | None = None
    broken: bool = False
    output_head: str | None = None
    output_tail: str | None = None
    thread: str | None = None
    """Of a prompt whose session has no file: home and id of the session."""

    @property
    def key(self) -> str | None:
        """What identifies a text that occurs in many lines, of which only the last is indexed."""
        if self.kind in ("step", "file", "goal"):
            return f"{self.source}:{self.kind}:{self.text}"
        return None


class Shown(Struct, frozen=True):
    """What the index keeps of a text to show it."""

    text: str | None
    status: str | None
    thread: str | None


def digest(text: str) -> int:
    """Distinguishes texts of one line."""
    return zlib.crc32(text.encode("utf-8", "replace"))


def call_text(command: str | None, head: str | None, tail: str | None) -> str:
    if not head and not tail:
        return command or ""
    return "\n".join(part for part in (command, head, tail) if part)


class _Text:
    """A text as it is indexed: without accents, and the parts of its names."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self.words = Words(self.folded)

    @property
    def values(self) -> list[str]:
        """Names are values of their own, so that no phrase goes across them."""
        return [self.folded, *self.words.names]


def document(entry: Entry, schema: Schema) -> Document:
    """The document of a text, for the index."""
    text = _Text(entry.text)
    values = text.values
    printed = [_Text(part) for part in (entry.output_head, entry.output_tail) if part]
    for part in printed:
        values += part.values
    whole = call_text(entry.text, entry.output_head, entry.output_tail)
    fields: dict[str, object] = {
        "text": values,
        "tag": _tags(entry),
        "source": entry.source,
        "byte": entry.byte,
        "turn": entry.turn,
        "kind": _NUMBERS[entry.kind],
        "digest": digest(whole),
        "weight": weight(entry.kind, entry.time),
    }
    if entry.time is not None:
        fields["time"] = entry.time
    if entry.kind == "call":
        fields["command"] = text.values
        if printed:
            fields["repeated"] = " ".join(_repeated(text, printed))
    if entry.kind in KEPT or entry.thread is not None:
        kept = entry.text if entry.kind in KEPT else None
        fields["shown"] = msgspec.json.encode(Shown(kept, entry.status, entry.thread))
    return Document.from_dict(fields, schema)


def _tags(entry: Entry) -> list[str]:
    tags = [f"kind:{entry.kind}"]
    if entry.status is not None:
        tags.append(f"status:{entry.status.lower()}")
    if entry.tool is not None:
        tags.append(f"tool:{entry.tool.lower()}")
    if entry.broken:
        tags.append("broken")
    if entry.thread is not None:
        tags.append(f"thread:{entry.thread}")
    if (key := entry.key) is not None:
        tags.append(f"key:{key}")
    return tags


def _repeated(command: _Text, printed: list[_Text]) -> Iterator[str]:
    """The words of a command that its output has, too."""
    # Looking for the few words takes a third of the time of splitting the output.
    output = b"".join([part.words.lowered() for part in printed])
    for word in set(command.words.lowered().split()):
        if b" " + word + b" " in output:
            yield word.decode()
    if not command.folded.isascii():
        text = "\n".join(part.folded for part in printed).lower()
        for other in analyzer().analyze(command.folded):
            if not other.isascii() and other in text:
                yield other
