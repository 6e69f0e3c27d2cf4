"""Masks secrets and private text before anything is stored or exported. Pure.

A secret becomes `[secret: kind]`. Text between `<private>` and `</private>` becomes `[private]`;
without a closing tag this extends to the end of the text. Masking is idempotent. Secrets that are
split, encoded or of an unknown kind are not found.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from ingest.text.secret_patterns import PATTERNS, Pattern, compiled

PRIVATE = "private"
_MARKS = ("[secret: ", "[private]")
_MARK = re.compile(r"\[secret: [a-z-]{1,40}\]|\[private\]")
_UNBOUNDED = {
    "<": ("<private", "<Private", "<PRIVATE"),
    "&": ("&lt;private",),
    "\\": ("u003cprivate", "u003Cprivate"),
    "-": ("-----BEGIN ",),
}
"""Beginnings of matches without a maximal length, keyed by one letter of them: a search for a
single letter is fastest."""
_OPENINGS = (*_UNBOUNDED["<"], *_UNBOUNDED["&"], *_UNBOUNDED["\\"])
_OPEN = r"(?:<|&lt;|\\{1,4}u003[cC])"
_CLOSE = r"(?:>|&gt;|\\{1,4}u003[eE])"

_ESCAPE = ("\x1b", "\\u001b", "\\u001B", "\\x1b", "\\x1B", "\\033", "\\e[")
_ZERO_WIDTH = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Characters without a width."""
_INVISIBLE_STARTS = (
    *_ESCAPE,
    "\x9b",
    *re.sub(
        "(.)-(.)",
        lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))),
        _ZERO_WIDTH,
    ),
    *(f"\\u{code}" for code in ("00ad", "200", "202", "206", "feff", "FEFF")),
)
"""Beginnings of invisible sequences: terminal control sequences and zero-width characters, raw and
escaped."""

# Compiled on first use, like each pattern of a secret: most commands mask nothing.


@cache
def _tag() -> re.Pattern[str]:
    return re.compile(
        rf"{_OPEN}(/|\\{{1,4}}/)?private(?:\s(?:(?!{_OPEN})[^<>]){{0,200}}?)?\s{{0,8}}(?<!/){_CLOSE}",
        re.IGNORECASE,
    )


@cache
def _invisible_sequence() -> re.Pattern[str]:
    return re.compile(
        rf"(?:{'|'.join(map(re.escape, _ESCAPE[:-1]))}|\\e(?=\[))"
        r"(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|[()*+][0-9A-Za-z]|[=>78DEHMNOZc]"
        r"|\][^\x07\x1b\\\n]{0,1000}(?:\x07|\x1b\\|\\(?:u0007|x07|a|(?:u001[bB]|x1[bB]|033)\\{1,2})))"
        rf"|\x9b[0-?]{{0,40}}[ -/]{{0,4}}[@-~]|[{_ZERO_WIDTH}]"
        r"|\\u(?:00[aA][dD]|200[b-fB-F]|202[a-eA-E]|206[0-46-9a-fA-F]|[fF][eE][fF][fF])"
    )


@cache
def _surrogate() -> re.Pattern[str]:
    return re.compile("[\ud800-\udfff]")


Hit = tuple[int, int, int]
"""Index into the literals, start and end of the match."""
Span = tuple[int, int, str]
"""Start and end of text to mask, and its kind."""


def _literals() -> Iterator[tuple[str, int, Pattern | None]]:
    """Each string to search for, the length of its literal, and its pattern (None: no secret)."""
    for opening in _OPENINGS:
        yield opening, len(opening), None
    for beginning in _INVISIBLE_STARTS:
        yield beginning, len(beginning), None
    for pattern in PATTERNS:
        for literal in pattern.literals:
            for after in pattern.followed:
                yield literal + after, len(literal), pattern


_LITERALS = list(_literals())
_MAY_BE_INVISIBLE = frozenset(
    which
    for which, (literal, _, pattern) in enumerate(_LITERALS)
    if literal in _INVISIBLE_STARTS or (pattern is not None and literal.endswith("\\"))
)
"""Indexes of the literals that begin, or may hide, an invisible sequence: of overlapping literals
only one is reported."""


@cache
def _search() -> Callable[[str], list[Hit]]:
    return AhoCorasick(
        [literal for literal, _, _ in _LITERALS],
        matchkind=MatchKind.LeftmostLongest,
        implementation=Implementation.DFA,
    ).find_matches_as_indexes


def mask(text: str) -> str:
    """`text` without its secrets and private parts."""
    while (hits := _hits(text)) and (spans := _spans(text, hits)):
        # Repeat, because masking one secret can make another one next to it match.
        text = "".join(_masked(text, spans))
    return text


def needs_masking(text: str) -> bool:
    """Whether masking would change anything."""
    hits = _hits(text)
    return bool(hits and _spans(text, hits))


def count_by_kind(text: str) -> dict[str, int]:
    """The number of secrets of each kind."""
    return dict(Counter(kind for _, _, kind in _spans(text, _hits(text))))


def count_masked(text: str) -> int:
    """The number of masked places in a text."""
    return len(_MARK.findall(text))


def may_be_unbounded(text: str) -> bool:
    """Whether the text may contain a match without a maximal length; its parts cannot be masked
    separately then."""
    return any(
        letter in text and any(map(text.__contains__, begins))
        for letter, begins in _UNBOUNDED.items()
    )


def mask_json(value: Any) -> Any:
    """A JSON value with all its text masked, keys included."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): mask_json(inner) for key, inner in value.items()}
    return [mask_json(inner) for inner in value] if isinstance(value, list) else value


def _masked(text: str, spans: list[Span]) -> Iterator[str]:
    at = 0
    for start, end, kind in spans:
        yield text[at:start]
        yield "[private]" if kind == PRIVATE else f"[secret: {kind}]"
        at = end
    yield text[at:]


def _spans(text: str, hits: list[Hit]) -> list[Span]:
    """All spans to mask, in order and without overlaps."""
    spans = _visible_spans(text, hits)
    if any(which in _MAY_BE_INVISIBLE for which, _, _ in hits):
        spans = _merge_overlapping(spans + list(_hidden_spans(text)))
    return spans


def _visible_spans(text: str, hits: list[Hit]) -> list[Span]:
    """The spans found in the text as it is."""
    private = list(_private(text)) if any(which < len(_OPENINGS) for which, _, _ in hits) else []
    secrets = _secrets(text, hits)
    return _merge_private(private, secrets) if private else list(secrets)


def _hidden_spans(text: str) -> Iterator[Span]:
    """The spans found after invisible sequences are removed: these can interrupt a secret."""
    parts: list[str] = []
    begins, shifts = [0], [0]
    """For each position in `begins`, the number of characters removed before it."""
    at = 0
    for cut in _invisible_sequence().finditer(text):
        parts.append(text[at : cut.start()])
        begins.append(begins[-1] + len(parts[-1]))
        shifts.append(shifts[-1] + len(cut[0]))
        at = cut.end()
    bare = "".join([*parts, text[at:]])

    def offset_of(index: int) -> int:
        return index + shifts[bisect_right(begins, index) - 1]

    if len(bare) < len(text):
        for start, end, kind in _visible_spans(bare, _hits(bare)):
            yield offset_of(start), offset_of(end - 1) + 1, kind


def _merge_overlapping(spans: list[Span]) -> list[Span]:
    """Merge overlapping spans; the first one, or of two at one start the longer, gives the kind."""
    joined: list[Span] = []
    for start, end, kind in sorted(spans, key=lambda one: (one[0], -one[1])):
        if joined and start < joined[-1][1]:
            first, last, first_kind = joined[-1]
            joined[-1] = first, max(last, end), first_kind
        else:
            joined.append((start, end, kind))
    return joined


def _hits(text: str) -> list[Hit]:
    try:
        return _search()(text)
    except UnicodeEncodeError:
        # No secret contains lone surrogates, so each is replaced by another character.
        return _search()(_surrogate().sub("?", text))


def _private(text: str) -> Iterator[Span]:
    depth = start = 0
    for tag in _tag().finditer(text):
        if tag[1] is None:
            start = start if depth else tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield start, tag.end(), PRIVATE
    if depth:
        yield start, len(text), PRIVATE


def _secrets(text: str, hits: list[Hit]) -> Iterator[Span]:
    done = 0
    for which, start, _ in hits:
        if start < done or text.startswith(_MARKS[0], start - 1):
            continue
        _, length, pattern = _LITERALS[which]
        if pattern is None:
            continue
        if pattern.apart and start and not _is_edge(text, start):
            continue
        if pattern.program and not _belongs_to(text, start, pattern.program):
            continue
        match = compiled(pattern.body, apart=pattern.apart).match(text, start + length)
        if match is None:
            continue
        if pattern.accepts and not pattern.accepts(match[match.lastindex or 0]):
            continue
        if match.lastindex:
            start, done = match.span(match.lastindex)
        else:
            done = match.end()
        if not text.startswith(_MARKS, start):
            yield start, done, pattern.name


_COMMAND_CHARS = 400
_COMMAND_ENDS = re.compile(r"[|;&]|(?<!\\)\n")


def _belongs_to(text: str, at: int, program: str) -> bool:
    """Whether the option at `at` belongs to a call of `program`."""
    named = text.rfind(program, max(0, at - _COMMAND_CHARS), at)
    return named >= 0 and _COMMAND_ENDS.search(text, named, at) is None


_ESCAPES = frozenset("nrtbf")


def _is_edge(text: str, at: int) -> bool:
    """Whether a word begins here; an escaped character before it is not part of the word."""
    before = text[at - 1]
    if not (before.isascii() and before.isalnum()):
        return True
    return (
        (before in _ESCAPES and text[at - 2 : at - 1] == "\\")
        or text[at - 3 : at - 2] == "%"
        or text[at - 6 : at - 4] == "\\u"
    )


def _merge_private(private: list[Span], secrets: Iterator[Span]) -> list[Span]:
    """The private spans, and the secrets outside of them."""
    spans = list(private)
    ends = iter([*private, (1 << 62, 1 << 62, PRIVATE)])
    start, end, _ = next(ends)
    for secret in secrets:
        while end <= secret[0]:
            start, end, _ = next(ends)
        if secret[1] <= start:
            spans.append(secret)
        elif secret[0] < start:
            spans.append((secret[0], start, secret[2]))
    return sorted(spans)
