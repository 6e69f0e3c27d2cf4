"""The texts that are indexed, and how each becomes a document of the index. Pure."""

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from tantivy import Document

from ingest.sessions.search.words import analyzer, fold, name_parts, separate, separate_words

KINDS: Final = (
    "prompt", "answer", "call", "script", "self", "step", "file", "goal", "error", "note",
)  # fmt: skip
"""The kinds of indexed texts; a call is both a command and its output."""
KEPT: Final = ("step", "file", "goal", "error", "note")
"""The kinds whose text the index keeps, because no byte identifies it in the database."""
_WEIGHTS: Final = {
    "prompt": 1.0, "answer": 0.8, "call": 0.65, "file": 0.7, "script": 0.2, "self": 0.1,
}  # fmt: skip
_OTHER_WEIGHT: Final = 0.9
_HALF_LIFE: Final = timedelta(days=180)
"""After this time a text counts half as much."""
_EPOCH: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC, as the database keeps time
_UNIX_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001
_MOST_HALVES: Final = 30.0


class Entry(Struct, frozen=True, gc=False):
    """A text to be indexed."""

    source: int
    byte: int
    turn: int
    time: datetime | None
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
    return "\n".join(part for part in (command, head, tail) if part)


def age_weight(time: datetime | None) -> float:
    """How much a text of this time counts."""
    halves = -_MOST_HALVES if time is None else (time - _EPOCH) / _HALF_LIFE
    return float(2.0 ** max(-_MOST_HALVES, min(_MOST_HALVES, halves)))


def micros(time: datetime) -> int:
    return (time - _UNIX_EPOCH) // timedelta(microseconds=1)


def time_from(number: int) -> datetime:
    return _UNIX_EPOCH + timedelta(microseconds=number)


class _Words:
    """A text as it is indexed: without accents, and the parts of its names."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self.names = [] if self.folded.islower() else name_parts(separate_words(self.folded))

    def add_to(self, made: Document, field: str) -> None:
        made.add_text(field, self.folded)
        # Values of their own, so that no phrase goes across them.
        for names in self.names:
            made.add_text(field, names)

    def separated(self) -> bytes:
        """All words in lower case, each between blanks."""
        return separate(f" {self.folded} {' '.join(self.names)} ".lower())


def document(entry: Entry) -> Document:
    """The document of a text, for the index."""
    made = Document()
    text = _Words(entry.text)
    text.add_to(made, "text")
    printed = [_Words(part) for part in (entry.output_head, entry.output_tail) if part]
    for part in printed:
        part.add_to(made, "text")
    if entry.kind == "call":
        text.add_to(made, "command")
        if printed:
            made.add_text("repeated", " ".join(_repeated(text, printed)))
    for tag in _tags(entry):
        made.add_text("tag", tag)
    made.add_unsigned("source", entry.source)
    made.add_integer("byte", entry.byte)
    made.add_unsigned("turn", entry.turn)
    made.add_unsigned("kind", KINDS.index(entry.kind))
    whole = call_text(entry.text, entry.output_head, entry.output_tail)
    made.add_unsigned("digest", digest(whole))
    if entry.time is not None:
        made.add_integer("time", micros(entry.time))
    kind = _WEIGHTS.get(entry.kind, _OTHER_WEIGHT)
    made.add_float("weight", kind * age_weight(entry.time))
    if entry.kind in KEPT or entry.thread is not None:
        kept = entry.text if entry.kind in KEPT else None
        shown = Shown(kept, entry.status, entry.thread)
        made.add_bytes("shown", msgspec.json.encode(shown))
    return made


def _tags(entry: Entry) -> Iterator[str]:
    yield f"kind:{entry.kind}"
    if entry.status is not None:
        yield f"status:{entry.status.lower()}"
    if entry.tool is not None:
        yield f"tool:{entry.tool.lower()}"
    if entry.broken:
        yield "broken"
    if entry.thread is not None:
        yield f"thread:{entry.thread}"
    if entry.key is not None:
        yield f"key:{entry.key}"


def _repeated(command: _Words, printed: list[_Words]) -> Iterator[str]:
    """The words of a command that its output has, too."""
    there = b" ".join(part.separated() for part in printed)
    for word in set(command.separated().split()):
        if b" %b " % word in there:
            yield word.decode()
    if not command.folded.isascii():
        output = "\n".join(part.folded for part in printed).lower()
        for other in analyzer().analyze(command.folded):
            if not other.isascii() and other in output:
                yield other
