"""Makes the index's query of a parsed one."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from tantivy import FieldType, Occur
from tantivy import Query as IndexQuery

from ingest.sessions.search.index import SearchIndex
from ingest.sessions.search.query import Query
from ingest.sessions.search.ranking import micros
from ingest.sessions.search.words import words_of

_SHORTEST_PREFIX: Final = 2
"""A shorter word alone is never the beginning of another."""
_SHORTEST_PART: Final = 3
"""A shorter word is never looked for inside of others."""
_MOST_WIDENED: Final = 4
"""So many words are looked for inside of others, which takes some 10 ms each."""
_CALLS: Final = ("command", "output")


class Scope(Struct, frozen=True):
    """The sessions of a search: their sources, and those of which only prompts are known."""

    sources: Sequence[int]
    threads: Sequence[str] = ()


class Matching:
    """The parts of one query for the index."""

    def __init__(
        self, index: SearchIndex, query: Query, only: Scope | None, hidden: Scope | None
    ) -> None:
        self.index = index
        self.schema = index.schema
        self.query = query
        self.words = [
            Term(word, words, query.prefix == word and index.has_longer(words[-1]))
            for word in query.words
            if (words := tuple(words_of(word)))
        ]
        self.absent: list[Term] = []
        self._only = only
        self._hidden = hidden

    def of(self, least: int) -> IndexQuery:
        """The query for texts with at least so many of the words that any text has."""
        words = [self.contains(term, "text") for term in self.words if term not in self.absent]
        if not words:
            return self._narrowed(IndexQuery.all_query())
        if least == len(words):
            return self._narrowed(*words)
        some = IndexQuery.boolean_query([(Occur.Should, word) for word in words], least)
        return self._narrowed(some)

    def widen(self, is_anywhere: Callable[[IndexQuery], bool]) -> None:
        """Look for words that no text has inside of longer ones; leave out those still absent."""
        for number, term in enumerate(self.words):
            if is_anywhere(self._narrowed(self.contains(term, "text"))):
                continue
            if number < _MOST_WIDENED:
                self.words[number] = term = replace(term, is_part=True)
                if is_anywhere(self._narrowed(self.contains(term, "text"))):
                    continue
            self.absent.append(term)

    def _narrowed(self, *wanted: IndexQuery) -> IndexQuery:
        parts = [(Occur.Must, part) for part in (*self._filters(), *wanted)]
        parts += [(Occur.MustNot, part) for part in self._excluded()]
        return IndexQuery.boolean_query(parts)

    def contains(self, term: "Term", field: str) -> IndexQuery:
        """Texts with a word, or with several words one after the other."""
        first, last = term.first_pattern, term.last_pattern
        if field != "text":  # Without positions.
            ends = [self._either(field, term.words[-1], last)]
            if len(term.words) > 1:
                ends.append(self._either(field, term.words[0], first))
            middle = [self._word(field, word) for word in term.words[1:-1]]
            return IndexQuery.boolean_query([(Occur.Must, word) for word in ends + middle])
        if len(term.words) == 1:
            return self._either(field, term.words[0], last)
        if first is None and last is None:
            return IndexQuery.phrase_query(self.schema, field, list(term.words))
        patterns: list[str | tuple[int, str]] = [*map(re.escape, term.words)]
        patterns[0], patterns[-1] = first or patterns[0], last or patterns[-1]
        return IndexQuery.regex_phrase_query(self.schema, field, patterns)

    def _either(self, field: str, word: str, pattern: str | None) -> IndexQuery:
        """A word, or with a lower score a longer one that fits the pattern."""
        exact = self._word(field, word)
        if pattern is None:
            return exact
        return _any([exact, _unscored(IndexQuery.regex_query(self.schema, field, pattern), 0.5)])

    def _word(self, field: str, word: str) -> IndexQuery:
        option = "freq" if field == "text" else "basic"
        return IndexQuery.term_query(self.schema, field, word, index_option=option)

    def _excluded(self) -> Iterator[IndexQuery]:
        for word in self.query.without:
            if words := tuple(words_of(word)):
                yield self.contains(Term(word, words, is_prefix=False), "text")
        if not self.query.kinds:
            # What Tailboard answered repeats other texts: only who asks for it gets it.
            yield self.index.tagged("kind:self")
        if not self.words:
            yield self.index.tagged("state")
        if self._hidden is not None:
            yield self._scope(self._hidden)

    def _filters(self) -> Iterator[IndexQuery]:
        query = self.query
        if query.kinds:
            yield _unscored(_any(self._kinds()))
        for name, values in (("status", query.statuses), ("tool", query.tools)):
            if values:
                tags = [self.index.tagged(f"{name}:{value.lower()}") for value in values]
                yield _unscored(_any(tags))
        if query.broken:
            yield _unscored(self.index.tagged("broken"))
        if query.since is not None or query.until is not None:
            since = None if query.since is None else micros(query.since)
            until = None if query.until is None else micros(query.until) - 1
            yield _unscored(
                IndexQuery.range_query(self.schema, "time", FieldType.Integer, since, until)
            )
        if self._only is not None:
            yield _unscored(self._scope(self._only))

    def _kinds(self) -> Iterator[IndexQuery]:
        kinds = set(self.query.kinds)
        for kind in kinds.difference(_CALLS):
            yield self.index.tagged(f"kind:{kind}")
        if wanted := kinds.intersection(_CALLS):
            calls = self.index.tagged("kind:call")
            if self.words and len(wanted) == 1:
                there = self._in_command if "command" in wanted else self._in_output
                some = _any(there(term) for term in self.words)
                calls = IndexQuery.boolean_query([(Occur.Must, calls), (Occur.Must, some)])
            yield calls

    def _in_command(self, term: "Term") -> IndexQuery:
        return self.contains(term, "command")

    def _in_output(self, term: "Term") -> IndexQuery:
        """A text that is not in the command, or in both."""
        anywhere, command = self.contains(term, "text"), self.contains(term, "command")
        only = IndexQuery.boolean_query([(Occur.Must, anywhere), (Occur.MustNot, command)])
        return _any([only, self.contains(term, "repeated")])

    def _scope(self, scope: Scope) -> IndexQuery:
        threads = [f"thread:{thread}" for thread in scope.threads]
        return _any(
            [
                IndexQuery.term_set_query(self.schema, "source", list(scope.sources)),
                IndexQuery.term_set_query(self.schema, "tag", threads),
            ]
        )


class Term(Struct, frozen=True):
    """A word or phrase of a query, as the words that are indexed."""

    written: str
    words: tuple[str, ...]
    is_prefix: bool
    """Whether its last word is still being typed, and longer ones begin with it."""
    is_part: bool = False
    """Whether it may begin and end inside of longer words."""

    @property
    def first_pattern(self) -> str | None:
        """What else its first word may be."""
        first = self.words[0]
        return f".*{re.escape(first)}" if self.is_part and len(first) >= _SHORTEST_PART else None

    @property
    def last_pattern(self) -> str | None:
        """What else its last word may be."""
        last = self.words[-1]
        if self.is_part and len(last) >= _SHORTEST_PART:
            return f".*{re.escape(last)}.*" if len(self.words) == 1 else f"{re.escape(last)}.*"
        begins = self.is_prefix and (len(last) >= _SHORTEST_PREFIX or len(self.words) > 1)
        return f"{re.escape(last)}.*" if begins else None

    def is_in(self, words: Sequence[str]) -> bool:
        """Whether a text with these words contains it."""
        patterns = [re.escape(word) for word in self.words]
        patterns[0] = self.first_pattern or patterns[0]
        patterns[-1] = self.last_pattern or patterns[-1]
        fits = [re.compile(pattern).fullmatch for pattern in patterns]
        return any(
            all(fit(word) for fit, word in zip(fits, words[at : at + len(fits)], strict=True))
            for at in range(len(words) - len(fits) + 1)
        )


def _any(queries: Iterable[IndexQuery]) -> IndexQuery:
    return IndexQuery.boolean_query([(Occur.Should, query) for query in queries])


def _unscored(query: IndexQuery, score: float = 0.0) -> IndexQuery:
    return IndexQuery.const_score_query(query, score)
