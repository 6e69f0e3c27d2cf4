"""G0: the TypeScript CLI stored a session as one JSON document instead of lines.

Its items are the bare items of G1, so they are folded in the same way. The document is read as a
whole; each item keeps its byte offset in the file.
"""

import msgspec
from msgspec import Raw, Struct

from ingest.codex.fold import Fold
from ingest.codex.line import Broken


class _Document(Struct):
    session: Raw
    items: list[Raw]


_document = msgspec.json.Decoder(_Document)


def feed(fold: Fold, data: bytes) -> None:
    """Fold a whole document; an invalid one is rejected as a whole."""
    try:
        document = _document.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        fold.reject_document(data, Broken("not_json", str(error)[:200], 0, len(data)))
        return
    at = 0
    for raw in (document.session, *document.items):
        part = bytes(raw)
        at = data.index(part, at)
        fold.feed_item(at, part)
        at += len(part)
    fold.state.segment.generation = "G0"
