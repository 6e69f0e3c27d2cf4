"""Parses search queries: words, "phrases" and filters.

Every text is a valid query. An unknown filter, or one with an invalid value, is searched as a word,
and so is an option such as `-x` or `--all`; `-word` excludes a word. Pure.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from msgspec import Struct, field

from ingest.errors import InvalidTime
from ingest.text import times

KINDS: Final = {
    "prompt": "what a person asked",
    "answer": "what an agent said",
    "step": "a step of a plan",
    "command": "what was run or patched",
    "output": "what it printed",
    "file": "a file that was changed",
    "goal": "a goal",
    "note": "what a role wrote",
    "error": "why a turn failed",
    "script": "JavaScript that called other tools",
    "self": "calls of Tailboard itself",
}
"""The kinds of text that are searched; each hit is of one kind."""

FILTERS: Final = {
    "project": "its name, or its folder",
    "branch": "the branch of the session",
    "session": "the beginning of its id",
    "kind": ", ".join(KINDS),
    "tool": "the tool that was called",
    "tag": "of the session: a folder, a language, a tool, or yours",
    "status": "of a command, a step, a goal or a file",
    "since": "7d, -24h, yesterday, 2026-11-01",
    "until": "the same",
    "has": "error: what failed",
    "at": "here: sessions that began at a commit of the branch checked out here",
}

_TIMES: Final = "7d, yesterday, 2026-11-01"
_VALUES: Final = {
    "kind": ", ".join(KINDS),
    "since": _TIMES,
    "until": _TIMES,
    "has": "error",
    "at": "here",
}
"""The values of filters that do not take any text."""
_UNFINISHED: Final = frozenset(f"{name}:" for name in FILTERS)
_LONGEST = 4096
"""Most characters of a query; the rest is ignored."""
_MOST_WORDS = 32
_PART = re.compile(
    r"""(?P<minus>-(?=["\w]{2}))? (?: (?P<name>[a-z]+): (?=\S) )?
        (?: "(?P<phrase>[^"]*) (?:"|$) | (?P<word>\S+) )""",
    re.VERBOSE | re.IGNORECASE,
)


class Query(Struct, frozen=True):
    words: tuple[str, ...] = ()
    """All of these words and phrases must match, or most if nothing has all."""
    without: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    """At least one value of each filter must match."""
    branches: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Sessions that are left out, by their full ids."""
    kinds: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    broken: bool = False
    """Only what failed."""
    here: bool = False
    """Only sessions whose commit the checked out branch contains: `within` names them."""
    within: tuple[str, ...] | None = None
    """Only these sessions, by their full ids."""
    prefix: str = ""
    """The last word, if it may still be typed: the beginning of a word, too."""

    @property
    def empty(self) -> bool:
        return self == Query()


class UnknownValue(NamedTuple):
    """A filter with a value that it does not know."""

    name: str
    value: str

    @property
    def text(self) -> str:
        return f"{self.name}: does not know “{self.value}”; {_VALUES[self.name]}"


class _Parts(Struct):
    words: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    filters: dict[str, list[str]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    broken: bool = False
    here: bool = False
    prefix: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where the filters are in the text."""

    def filter(self, name: str, value: str, now: datetime, zone: tzinfo | None) -> bool:
        """Add a filter. Returns False if it is not a valid one."""
        if name in ("since", "until"):
            parse: Callable[..., datetime] = times.since if name == "since" else times.until
            try:
                setattr(self, name, parse(value, now, zone))
            except InvalidTime:
                return False
        elif name == "has":
            if not "error".startswith(value.lower()):
                return False
            self.broken = True
        elif name == "at":
            if not "here".startswith(value.lower()):
                return False
            self.here = True
        elif name == "kind":
            fitting = [kind for kind in KINDS if kind.startswith(value.lower())]
            self.filters.setdefault(name, []).extend(fitting)
            return bool(fitting)
        elif name in ("project", "branch", "session", "tool", "tag", "status"):
            # Kept as typed: the database compares without case.
            self.filters.setdefault(name, []).append(value)
        else:
            return False
        return True


def filter_spans(text: str, now: datetime, zone: tzinfo | None = None) -> list[tuple[int, int]]:
    """Where in the text its valid filters are."""
    return _parts(text, now, zone).spans


def unknown_values(text: str, query: Query) -> list[UnknownValue]:
    """The filters with unknown values in a text and its query, which searches them as words."""
    # A word in quotes is taken literally.
    split = (word.partition(":") for word in query.words if f'"{word}' not in text)
    return [
        UnknownValue(name.lower(), value)
        for name, _, value in split
        if value and name.lower() in _VALUES
    ]


def parse(text: str, now: datetime, zone: tzinfo | None = None) -> Query:
    """Parse a query. `now` must be aware."""
    parts = _parts(text, now, zone)
    return Query(
        words=_longest(parts.words),
        without=_longest(parts.without),
        projects=_all(parts, "project"),
        branches=_all(parts, "branch"),
        sessions=_all(parts, "session"),
        kinds=_all(parts, "kind"),
        tools=_all(parts, "tool"),
        tags=_all(parts, "tag"),
        statuses=_all(parts, "status"),
        since=parts.since,
        until=parts.until,
        broken=parts.broken,
        here=parts.here,
        prefix=parts.prefix,
    )


def _parts(text: str, now: datetime, zone: tzinfo | None) -> _Parts:
    parts = _Parts()
    # The database accepts no lone surrogates and no NUL.
    clean = text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", " ")
    for found in _PART.finditer(clean):
        value = found["word"] if found["phrase"] is None else found["phrase"].strip()
        name, minus = (found["name"] or "").lower(), bool(found["minus"])
        if not minus and name and value and parts.filter(name, value, now, zone):
            parts.spans.append(found.span())
            continue
        if found["name"]:
            value = f"{found['name']}:{value}"
        # A filter without a value is still being typed.
        if value and value.lower() not in _UNFINISHED:
            (parts.without if minus else parts.words).append(value)
            if found["phrase"] is None and not minus and found.end() == len(clean):
                parts.prefix = value
    return parts


def _all(parts: _Parts, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts.filters.get(name, [])))


def _longest(words: Iterable[str]) -> tuple[str, ...]:
    """Without duplicates, the longest first."""
    once = {word.lower(): word for word in words}
    return tuple(sorted(once.values(), key=len, reverse=True)[:_MOST_WORDS])
