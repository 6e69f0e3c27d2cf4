"""Search by meaning: texts that say the same in other words. Optional, and off by default.

Prompts, answers, steps, goals and notes have a vector each, which the owner of the database adds
in the background. A search compares the vector of its words with them, and fuses what is near with
what has the words (reciprocal rank fusion). What has an exact name comes first all the same.
"""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from ingest import log
from ingest.db.commit_counter import CommitCounter
from ingest.db.query_reader import DerivedStore, QueryReader, Row
from ingest.errors import MeaningUnavailable
from ingest.sessions.search.embedder import Embedder, Vector, generation
from ingest.sessions.search.entries import KEPT, Shown, digest
from ingest.sessions.search.index import Found
from ingest.sessions.search.query import Query

K: Final = 60
"""Of reciprocal rank fusion: how little the first ranks differ."""
NEAREST: Final = 50
LEAST: Final = 0.3
"""The cosine from which on a text counts as similar."""
KINDS: Final = frozenset({"prompt", "answer", "step", "goal", "note"})
_AT_ONCE: Final = 100
_LOOK_SECONDS: Final = 0.2
"""How often to look whether the thread has ended."""
_RETRY_SECONDS: Final = 60.0
_CHECK_SECONDS: Final = 10.0
"""Between two checks for new texts."""
_NAME: Final = re.compile(r"[\d_./:\\@#\s-]|[A-Za-z][A-Z]")
"""In a word that is a name, a path, a number or a phrase, and means exactly itself."""


class Fused(Struct, frozen=True):
    found: Found
    similar: bool
    """Whether only its meaning was found."""


def is_exact(query: Query) -> bool:
    """Whether a word of the query is a name, or its only one: nothing else counts as much."""
    return len(query.words) == 1 or any(_NAME.search(word) for word in query.words)


def can_be_similar(query: Query) -> bool:
    """Whether a text can fit the filters of the query without its words."""
    fits = not query.kinds or KINDS.intersection(query.kinds)
    filtered = query.without or query.tools or query.statuses or query.broken
    return bool(query.words and fits and not filtered)


def similar(
    access: QueryReader,
    embedder: Embedder,
    query: Query,
    sources: Sequence[int] | None,
    hidden: Sequence[int],
) -> list[Found]:
    """The texts that are nearest in meaning; `sources`: only in these."""
    (vector,) = embedder.vectors([" ".join(query.words)])
    rows = access.rows(
        "vectors.similar",
        vector=vector,
        generation=generation(),
        sources=sources,
        hidden=hidden,
        kinds=query.kinds,
        since=query.since,
        until=query.until,
        limit=NEAREST,
        least=LEAST,
    )
    return [_found(row) for row in rows]


def _found(row: Row) -> Found:
    shown = Shown(row["text"], None, None) if row["kind"] in KEPT else None
    return Found(
        row["kind"], row["source"], row["byte"], row["turn"], row["time"], row["digest"],
        row["similarity"], shown,
    )  # fmt: skip


def fuse(words: Sequence[Found], near: Sequence[Found], *, exact: bool) -> list[Fused]:
    """Both lists as one, best first. `exact`: what has the words stays before everything else."""
    scores: dict[tuple[object, ...], float] = {}
    by_key: dict[tuple[object, ...], Fused] = {}
    for found, only_similar in ((words, False), (near, True)):
        for rank, place in enumerate(found, 1):
            key = (place.source, place.byte, place.kind, place.digest)
            by_key.setdefault(key, Fused(place, only_similar))
            scores[key] = scores.get(key, 0.0) + 1 / (K + rank)
    if exact:
        return list(by_key.values())
    return [by_key[key] for key in sorted(by_key, key=lambda key: -scores[key])]


class MeaningWriter:
    """The owner calls `step` between rounds and `close` at the end."""

    kind = "vectors"

    def __init__(self, store: DerivedStore, commits: CommitCounter, embedder: Embedder) -> None:
        self._store = store
        self._commits = commits
        self._embedder = embedder
        self._done_at = -1
        """Number of commits when every text had its vector."""
        self._next_at = 0.0
        self._began = False
        self._rows: list[Row] = []
        self._vectors: list[Vector] | None = None
        self._thread: threading.Thread | None = None

    def step(self) -> float | None:
        """Store finished vectors, and start with the next; does not block. Returns when to look
        again."""
        if self._thread is not None:
            if not self._thread.is_alive():
                self._save()
            return _LOOK_SECONDS
        if self._done_at != self._commits.count and time.monotonic() >= self._next_at:
            self._begin()
        return self._look_again

    @property
    def _look_again(self) -> float | None:
        return None if self._thread is None else _LOOK_SECONDS

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._save()
        self._embedder.close()

    def run(self, seconds: float) -> None:
        """Add vectors for at most this time, and wait for them."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._begin()
            if self._thread is None:
                return
            self._thread.join()
            self._save()
            if self._next_at:
                return  # The model does not answer.

    def _begin(self) -> None:
        if not self._began:
            self._store.store_derived([("vectors.drop_old", {"generation": generation()})])
            self._began = True
        self._rows = missing(self._store, _AT_ONCE)
        if not self._rows:
            self._done_at = self._commits.count
            self._next_at = time.monotonic() + _CHECK_SECONDS
            return
        self._thread = threading.Thread(target=self._embed, name="vectors", daemon=True)
        self._thread.start()

    def _embed(self) -> None:
        try:
            self._vectors = self._embedder.vectors([row["text"] for row in self._rows])
        except MeaningUnavailable as error:
            log.suppressed("Adding vectors", error)

    def _save(self) -> None:
        vectors, self._vectors, self._thread = self._vectors, None, None
        if vectors is None:
            self._next_at = time.monotonic() + _RETRY_SECONDS
            return
        added = [_vector_row(row, vector) for row, vector in zip(self._rows, vectors, strict=True)]
        values = {"vectors": added, "generation": generation()}
        self._store.store_derived([("vectors.add", values)])


def missing(store: DerivedStore, limit: int) -> list[Row]:
    """Texts that have no vector yet, the newest first."""
    rows = store.rows("vectors.missing", generation=generation(), limit=limit)
    lines = [{"source": row["source"], "byte": row["byte"]} for row in _messages(rows)]
    if lines:
        texts = {
            (row["source"], row["byte"]): row["text"]
            for row in store.rows("vectors.messages", lines=lines)
        }
        for row in _messages(rows):
            row["text"] = texts.get((row["source"], row["byte"]), "")
    return rows


def _messages(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["kind"] not in KEPT]


def _vector_row(row: Row, vector: Vector) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("source", "byte", "turn", "kind")},
        "time": row["time"].isoformat() if row["time"] else None,
        "digest": digest(row["text"]),
        "text": row["text"] if row["kind"] in KEPT else "",
        "vector": vector,
    }
