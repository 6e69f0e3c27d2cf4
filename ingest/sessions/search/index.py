"""A search index beside the database: an inverted index of `tantivy`, in a folder of its own.

`tantivy` was chosen over SQLite's FTS5 because a word that is in half of 145,000 texts is ranked in
2 ms instead of 200 ms, with an index of the same size. It needs twice the time to build, which is
still less than half of reading the files.

The state of the index is stored in it with each commit, and in the database afterwards. An index
with another state does not belong to the database.
"""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from tantivy import Document, FieldType, Index, Occur, Query, SchemaBuilder, Searcher

from ingest.db.search_changes import TextRange, index_folder, is_usable
from ingest.errors import IndexUnusable
from ingest.sessions.search.entries import KEPT, KINDS, Entry, Shown, document
from ingest.sessions.search.ranking import age_factor, micros, time_from
from ingest.sessions.search.words import analyzer

VERSION: Final = "2"
"""Changes with what is indexed and how, so that what another version indexed is not used."""
_HEAP: Final = 48_000_000
"""Bytes of memory for texts that are not written yet."""


class Found(Struct, frozen=True):
    """An indexed text that matches."""

    kind: str
    source: int
    byte: int
    turn: int
    time: datetime | None
    digest: int
    score: float
    shown: Shown | None

    @property
    def is_kept(self) -> bool:
        return self.kind in KEPT


class State(Struct, frozen=True):
    """What the index is up to date for. The database knows the same as its mark."""

    version: str
    index: str
    """The id of the index, from its creation on."""
    number: int
    """Grows with each commit."""

    @classmethod
    def parse(cls, mark: str | None) -> "State | None":
        if not mark:
            return None
        version, index, number = mark.split(":")
        # It names a folder.
        return cls(version, index, int(number)) if index.isalnum() else None

    def folder(self, database: Path) -> Path:
        return index_folder(database) / self.index

    @property
    def mark(self) -> str:
        return f"{self.version}:{self.index}:{self.number}"

    def is_same_index(self, other: "State | None") -> bool:
        return other is not None and (self.version, self.index) == (other.version, other.index)

    def follows(self, stored: "State | None") -> bool:
        """Whether it is what the database knows, or one commit ahead, as after a crash."""
        return (
            stored is not None
            and self.is_same_index(stored)
            and self.number - stored.number in (0, 1)
        )


def _schema() -> Any:
    builder = SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="words", index_option="position")
    # Of calls: the words of the command, and those of them that the output has, too. Where they
    # are is known from the text.
    builder.add_text_field("command", tokenizer_name="words", index_option="basic")
    builder.add_text_field("repeated", tokenizer_name="words", index_option="basic")
    builder.add_text_field("tag", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("source", indexed=True, fast=True)
    builder.add_integer_field("byte", fast=True)
    builder.add_unsigned_field("turn", fast=True)
    builder.add_unsigned_field("kind", fast=True)
    builder.add_unsigned_field("digest", fast=True)
    builder.add_integer_field("time", fast=True)
    builder.add_float_field("weight", fast=True)
    builder.add_bytes_field("shown", stored=True)
    builder.add_bytes_field("state", stored=True)
    return builder.build()


class SearchIndex:
    """An open index. One process at a time writes to it, the owner of the database."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self._index = index
        index.register_tokenizer("words", analyzer())
        self.schema = index.schema
        self._writer: Any = None
        self.searcher: Searcher = index.searcher()

    @classmethod
    def create(cls, folder: Path) -> "SearchIndex":
        """Create an empty index; there must be none."""
        with _usable():
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700)
            return cls(folder, Index(_schema(), path=str(folder)))

    @classmethod
    def open(cls, folder: Path) -> "SearchIndex":
        if not is_usable(folder):
            raise IndexUnusable("it is missing or damaged.")
        with _usable():
            return cls(folder, Index.open(str(folder)))

    @property
    def is_damaged(self) -> bool:
        """Whether a reader found that it cannot be used, or it was deleted."""
        return not is_usable(self.folder)

    @property
    def size(self) -> int:
        """How many texts it has; one document is its state."""
        with _usable():
            return max(0, int(self.searcher.num_docs) - 1)

    def reload(self) -> None:
        """Show what was committed since."""
        with _usable():
            self._index.reload()
            self.searcher = self._index.searcher()

    def state(self) -> State | None:
        with _usable():
            found = self.searcher.search(self.tagged("state"), 1, count=False).hits
            if not found:
                return None
            return msgspec.json.decode(_first(self.searcher, found[0][1], "state"), type=State)

    # ── queries ─────────────────────────────────────────────────────────────────────────────────

    def tagged(self, tag: str) -> Query:
        return Query.term_query(self.schema, "tag", tag, index_option="basic")

    def has_longer(self, word: str) -> bool:
        """Whether other words begin with this one."""
        with _usable():
            return any(
                term != word for term, _ in self.searcher.terms_with_prefix("text", word, limit=2)
            )

    def search(
        self, query: Query, limit: int, offset: int, now: datetime, *, newest: bool = False
    ) -> tuple[list[Found], int]:
        """The best matches of a query, or the newest ones, and the number of all."""
        order: dict[str, Any] = (
            {"order_by_field": "time"} if newest else {"weight_by_field": "weight"}
        )
        with _usable():
            result = self.searcher.search(query, max(1, limit), offset=offset, **order)
            hits = result.hits[:limit]
            places = [place for _, place in hits]
            columns = [
                self.searcher.fast_field_values(name, places)
                for name in ("kind", "source", "byte", "turn", "time", "digest")
            ]
            today = age_factor(micros(now))
            found = []
            for (score, place), kind, source, byte, turn, time, number in zip(
                hits, *columns, strict=True
            ):
                name = KINDS[int(kind or 0)]
                stored = None
                if name in KEPT or name == "prompt":
                    stored = _first(self.searcher, place, "shown")
                found.append(
                    Found(
                        name,
                        int(source or 0),
                        int(byte or 0),
                        int(turn or 0),
                        None if time is None else time_from(int(time)),
                        int(number or 0),
                        0.0 if newest else score / today,
                        msgspec.json.decode(stored, type=Shown) if stored else None,
                    )
                )
            return found, result.count or 0  # type: ignore[attr-defined]

    # ── writing ─────────────────────────────────────────────────────────────────────────────────

    def update(
        self,
        ranges: Iterable[TextRange],
        threads: Iterable[str],
        entries: Iterable[Entry],
        state: State,
    ) -> None:
        """Replace the entries of these ranges by `entries`, and those of prompts of `threads` by
        nothing, in one commit with the new state."""
        with _usable():
            if self._writer is None:
                self._writer = self._index.writer(_HEAP, 1)
            writer = self._writer
            try:
                self.reload()
                # A deletion is carried out on all segments and kept in memory until then: one that
                # deletes nothing is not asked for, as when a new index is filled.
                parts = list(ranges)
                known = {
                    source
                    for source in {part.source for part in parts}
                    if self._has("source", source)
                }
                for changed in parts:
                    if changed.source in known:
                        writer.delete_documents_by_query(self._in_range(changed))
                for thread in threads:
                    writer.delete_documents_by_term("tag", f"thread:{thread}")
                added = set[str]()
                for entry in entries:
                    if entry.key is not None:
                        tag = f"key:{entry.key}"
                        if tag in added or (entry.source in known and self._has("tag", tag)):
                            writer.delete_documents_by_term("tag", tag)
                        added.add(tag)
                    writer.add_document(document(entry, self.schema))
                writer.delete_documents_by_term("tag", "state")
                own = Document()
                own.add_text("tag", "state")
                own.add_bytes("state", msgspec.json.encode(state))
                writer.add_document(own)
                writer.commit()
            except BaseException:
                # The writer holds a lock and half of the entries.
                with contextlib.suppress(ValueError):
                    writer.rollback()
                self.close()
                raise

    def close(self) -> None:
        """Release the writer and its lock, after the merges that it began."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(ValueError):
                writer.wait_merging_threads()

    def _has(self, field: str, value: int | str) -> bool:
        query = Query.term_query(self.schema, field, value, index_option="basic")
        return bool(self.searcher.search(query, 1, count=False).hits)

    def _in_range(self, changed: TextRange) -> Query:
        source = Query.term_query(self.schema, "source", changed.source, index_option="basic")
        lines = Query.range_query(
            self.schema, "byte", FieldType.Integer, changed.start, changed.finish,
            include_upper=False,
        )  # fmt: skip
        return Query.boolean_query([(Occur.Must, source), (Occur.Must, lines)])


def _first(searcher: Searcher, place: Any, field: str) -> bytes:
    value = searcher.doc(place).get_first(field)
    return bytes(value) if value is not None else b""


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    """What the engine reports, as an error of ours."""
    try:
        yield
    except (ValueError, OSError, msgspec.MsgspecError) as error:
        raise IndexUnusable(str(error)) from error
    except BaseException as error:
        # A panic of the engine is no `Exception`.
        if type(error).__name__ == "PanicException":
            raise IndexUnusable("its files are damaged.") from None
        raise
