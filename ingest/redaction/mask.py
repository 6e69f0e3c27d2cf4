"""The one sanitizer: what is stored and what leaves passes here.

Pure, text in and text out. Secrets become `[secret: kind]`, what stands between `<private>` and
`</private>` becomes `[private]`; without the second, all to the end of the text. Masked text comes
out as it went in. A secret that is split, encoded or of no known kind is not found.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from ingest.redaction.patterns import PATTERNS, Pattern, compiled

PRIVATE = "private"
_MARKS = ("[secret: ", "[private]")
_MARK = re.compile(r"\[secret: [a-z-]{1,40}\]|\[private\]")
_ENDLESS = {
    "<": ("<private", "<Private", "<PRIVATE"),
    "&": ("&lt;private",),
    "\\": ("u003cprivate", "u003Cprivate"),
    "-": ("-----BEGIN ",),
}
"""What begins something that has no bound, by a letter of it: one letter is looked for fastest."""
_OPENINGS = (*_ENDLESS["<"], *_ENDLESS["&"], *_ENDLESS["\\"])
_OPEN = r"(?:<|&lt;|\\{1,4}u003[cC])"
_CLOSE = r"(?:>|&gt;|\\{1,4}u003[eE])"
_TAG = re.compile(rf"{_OPEN}(/|\\{{1,4}}/)?private\s{{0,8}}{_CLOSE}", re.IGNORECASE)

_COLORS = ("\x1b[", "\x9b", "\\u001b[", "\\u001B[", "\\x1b[", "\\x1B[", "\\033[", "\\e[")
"""What begins a sequence for the terminal, as it is and escaped."""
_COLORED = re.compile(rf"(?:{'|'.join(map(re.escape, _COLORS))})[0-?]{{0,40}}[ -/]{{0,4}}[@-~]")
_SURROGATE = re.compile("[\ud800-\udfff]")

Hit = tuple[int, int, int]
"""Which of what is known, and where it begins and ends."""
Span = tuple[int, int, str]
"""Where something begins and ends that must not be seen, and its kind."""


def _literals() -> Iterator[tuple[str, int, Pattern | None]]:
    """What is looked for, how much of it is the literal, and of which kind; None: private."""
    for opening in _OPENINGS:
        yield opening, len(opening), None
    for color in _COLORS:
        yield color, len(color), None
    for pattern in PATTERNS:
        for literal in pattern.literals:
            for after in pattern.followed:
                yield literal + after, len(literal), pattern


_KNOWN = list(_literals())


@cache  # And only when it is needed, like each expression: most of what starts masks nothing.
def _search() -> Callable[[str], list[Hit]]:
    return AhoCorasick(
        [literal for literal, _, _ in _KNOWN],
        matchkind=MatchKind.LeftmostLongest,
        implementation=Implementation.DFA,
    ).find_matches_as_indexes


def mask(text: str) -> str:
    """`text` without its secrets and private parts."""
    hits = _hits(text)
    if not hits:
        return text
    colored = _are_colored(hits)
    while True:
        while spans := _spans(text, hits):
            # Again, because what was hidden by a neighbour may stand by itself now.
            text = "".join(_masked(text, spans))
            hits = _hits(text)
        if not colored:
            return text
        # And without colours, which may begin, or end, in the middle of a secret.
        bare = _COLORED.sub("", text)
        hits = _hits(bare)
        if bare == text or not _spans(bare, hits):
            return text
        text = bare


def unsafe(text: str) -> bool:
    """Whether masking would change anything."""
    hits = _hits(text)
    return bool(_spans(text, hits)) or (_are_colored(hits) and bool(found(text)))


def found(text: str) -> dict[str, int]:
    """How many there are of each kind."""
    hits = _hits(text)
    if _are_colored(hits):
        text = _COLORED.sub("", text)
        hits = _hits(text)
    return dict(Counter(kind for _, _, kind in _spans(text, hits)))


def marks(text: str) -> int:
    """How many masked places a text shows."""
    return len(_MARK.findall(text))


def endless(text: str) -> bool:
    """Whether it may hold something that has no bound: no part of it can be judged alone then."""
    return any(
        letter in text and any(map(text.__contains__, begins))
        for letter, begins in _ENDLESS.items()
    )


def mask_within(value: Any) -> Any:
    """A JSON value with all the text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): mask_within(inner) for key, inner in value.items()}
    return [mask_within(inner) for inner in value] if isinstance(value, list) else value


def _masked(text: str, spans: list[Span]) -> Iterator[str]:
    at = 0
    for start, end, kind in spans:
        yield text[at:start]
        yield "[private]" if kind == PRIVATE else f"[secret: {kind}]"
        at = end
    yield text[at:]


def _spans(text: str, hits: list[Hit]) -> list[Span]:
    """All of them, in order; none overlaps another."""
    if not hits:
        return []
    private = list(_private(text)) if any(which < len(_OPENINGS) for which, _, _ in hits) else []
    secrets = _secrets(text, hits)
    return _merged(private, secrets) if private else list(secrets)


def _are_colored(hits: list[Hit]) -> bool:
    """Whether the text holds what is for the terminal."""
    colors = range(len(_OPENINGS), len(_OPENINGS) + len(_COLORS))
    return any(which in colors for which, _, _ in hits)


def _hits(text: str) -> list[Hit]:
    try:
        return _search()(text)
    except UnicodeEncodeError:
        # Lone surrogates, which no secret has: another character stands in for each.
        return _search()(_SURROGATE.sub("?", text))


def _private(text: str) -> Iterator[Span]:
    depth = start = 0
    for tag in _TAG.finditer(text):
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
        _, length, pattern = _KNOWN[which]
        if pattern is None:
            continue
        if pattern.apart and start and not _is_edge(text, start):
            continue
        match = compiled(pattern.body, apart=pattern.apart).match(text, start + length)
        if match is None:
            continue
        if match.lastindex:
            start, done = match.span(match.lastindex)
        else:
            done = match.end()
        if not text.startswith(_MARKS, start):
            yield start, done, pattern.name


_ESCAPES = frozenset("nrtbf")


def _is_edge(text: str, at: int) -> bool:
    """Whether a word begins here; an escaped character before it is none of its letters."""
    before = text[at - 1]
    if not (before.isascii() and before.isalnum()):
        return True
    return (
        (before in _ESCAPES and text[at - 2 : at - 1] == "\\")
        or text[at - 3 : at - 2] == "%"
        or text[at - 6 : at - 4] == "\\u"
    )


def _merged(private: list[Span], secrets: Iterator[Span]) -> list[Span]:
    """What is private as a whole, and the secrets outside of it."""
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
