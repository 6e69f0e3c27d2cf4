"""Lays out a journal, and `standup`, as blocks of a page. Pure.

A page begins with three lines: sessions; what was done; what is open or failed. Then each session
has a section, or a line if there are many. Positions in Codex's files are in a comment at the end.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from ingest.projects.journal.blocks import (
    Block,
    Bullets,
    Comment,
    Heading,
    Line,
    Paragraph,
    Span,
    code,
    own,
    plain,
    state,
    strong,
)
from ingest.projects.journal.model import FailureKind, Journal, JournalDecision, JournalEntry
from ingest.projects.journal.section import (
    FEW,
    ID_CHARS,
    LINE_CHARS,
    MANY,
    SESSION,
    SessionSection,
    Times,
    first,
)
from ingest.projects.journal.summary import FailedWork, Summary, summaries
from ingest.projects.roles.summaries import Written
from ingest.text.numbers import pluralize
from ingest.text.sanitize import one_line, truncate_chars

_FEW_SESSIONS: Final = 3
_SECTIONS: Final = 6
"""Most sessions that get a section; the others get a line each."""
_OTHERS: Final = 30
_TOP: Final = 3
"""How many steps the top lines name."""


def page(journal: Journal, zone: tzinfo | None) -> list[Block]:
    """`zone`: the time zone of times."""
    return _Page(journal, zone).blocks()


class _Listed(NamedTuple):
    """What the page needs of an entry that gets no section."""

    at: int
    """Its index."""
    session: str
    parent: str | None
    title: str
    project: str
    outcome: str
    started_at: datetime | None
    ended_at: datetime | None
    turns: int
    files: int
    failures: int
    has_marks: bool
    """Whether it has commits or decisions."""


def _listed(at: int, entry: JournalEntry) -> _Listed:
    return _Listed(
        at, entry.session, entry.parent, entry.title, entry.project, entry.outcome,
        entry.started_at, entry.ended_at, entry.turn_count, len(entry.files), len(entry.failures),
        bool(entry.commits or entry.decisions),
    )  # fmt: skip


class _Page:
    def __init__(self, journal: Journal, zone: tzinfo | None) -> None:
        self.journal = journal
        self.times = Times(zone, journal.name if journal.kind == "day" else None)
        self.alone = journal.kind == "session"
        every = [_listed(at, entry) for at, entry in enumerate(journal.entries)]
        by_id = {entry.session: entry for entry in every}
        self.entries = [entry for entry in every if entry.parent not in by_id]
        few = len(self.entries) <= _FEW_SESSIONS
        self.limits = SESSION if self.alone else FEW if few else MANY
        self.agents: defaultdict[str, list[_Listed]] = defaultdict(list)
        for entry in every:
            root = entry
            while root.parent in by_id:
                root = by_id[root.parent]
            if root is not entry:
                self.agents[root.session].append(entry)

    def blocks(self) -> list[Block]:
        blocks: list[Block] = [Heading(1, plain(self.journal.title))]
        if not self.entries:
            return [*blocks, Paragraph(own("Nothing happened."))]
        blocks.append(Bullets(self._top()))
        if self.journal.decisions:
            decisions = [self._edit(decision) for decision in self.journal.decisions]
            blocks += [Heading(2, own("Decisions by people")), Bullets(decisions)]
        listed = _most_active(self.entries)
        chosen = [self.journal.entries[entry.at] for entry in listed]
        for entry in chosen:
            blocks += self._section(entry).blocks()
        others = [entry for entry in self.entries if entry not in listed]
        if others:
            lines = first([self._one_line(entry) for entry in others], _OTHERS)
            blocks += [Heading(2, own("Other sessions")), Bullets(lines)]
        return [*blocks, Comment(_positions(chosen))]

    def _top(self) -> list[Line]:
        journal, found = self.journal, summaries(self.journal)
        about = self._section(journal.entries[0]).facts() if self.alone else self._sessions(found)
        done = [text for summary in found for text in summary.done]
        open_ = [text for summary in found for text in summary.open]
        failed = [failure for summary in found for failure in summary.failed]
        changes = _changes(*found)
        failures = [span for failure in failed[:_TOP] for span in (*own("·"), *_failed(failure))]
        more = f"· and {len(failed) - _TOP} more" if len(failed) > _TOP else ""
        masked = journal.redacted
        return [
            [
                *about,
                *own(f"Times in {journal.zone}."),
                *own(f"{pluralize(masked, 'secret')} masked." if masked else ""),
            ],
            [strong("Done"), *_names(done), *own(f"{changes}." if changes else "")],
            [
                strong("Open"), *_names(open_),
                strong("Failed"), *own(f"{len(failed) or 'nothing.'}"), *failures, *own(more),
            ],
        ]  # fmt: skip

    def _sessions(self, found: list[Summary]) -> Line:
        agents = sum(summary.agents for summary in found)
        count = sum(summary.sessions for summary in found)
        by_agents = f", and {pluralize(agents, 'agent')}," if agents else ""
        names = ", ".join(summary.project for summary in found)
        began = min(filter(None, (each.started_at for each in self.entries)), default=None)
        ended = max(filter(None, (each.ended_at for each in self.entries)), default=None)
        return [
            strong("Sessions"),
            *own(f"{count}{by_agents} in"),
            *plain(f"{truncate_chars(names, LINE_CHARS)},"),
            *own(f"{self.times.span(began, ended)}."),
        ]

    def _section(self, entry: JournalEntry) -> SessionSection:
        agents = [self.journal.entries[each.at] for each in self.agents[entry.session]]
        return SessionSection(entry, agents, self.limits, self.times, alone=self.alone)

    def _edit(self, decision: JournalDecision) -> Line:
        at = self.times.local(decision.at)
        form = "%H:%M" if self.journal.kind == "day" else "%Y-%m-%d %H:%M"
        return [*own(f"{at:{form}}" if at else ""), *plain(decision.answer)]

    def _one_line(self, entry: _Listed) -> Line:
        turns, files = pluralize(entry.turns, "turn"), pluralize(entry.files, "file")
        return [
            *own(self.times.span(entry.started_at, None)),
            state(entry.outcome),
            *plain(
                f"{truncate_chars(entry.title, LINE_CHARS)} ({entry.project}, {turns}, {files})"
            ),
            code(entry.session[:ID_CHARS]),
        ]


def _most_active(entries: list[_Listed]) -> list[_Listed]:
    """The sessions with most work, in their order."""
    ranked = sorted(
        range(len(entries)),
        key=lambda i: (
            entries[i].parent is None,
            entries[i].has_marks,
            entries[i].files + entries[i].failures,
            entries[i].outcome != "completed",
            entries[i].turns,
            -i,
        ),
        reverse=True,
    )
    return [entries[i] for i in sorted(ranked[:_SECTIONS])]


def _positions(entries: list[JournalEntry]) -> list[str]:
    """Where in Codex's files it is written."""
    lines = ["Where Codex wrote it: file, and the byte at which each line begins"]
    for entry in entries:
        many = len(entry.sources) > 1
        names = {source.file: f"S{i}" for i, source in enumerate(entry.sources, 1)} if many else {}
        for source in entry.sources:
            note = f" ({source.note})" if source.note else ""
            lines.append(f"{names.get(source.file, '')} {source.file}{note}".strip())
        parts = [(f"turn {turn.n}", turn.place) for turn in entry.turns]
        parts += [("failure", failure.place) for failure in entry.failures]
        parts += [("decision", decision.place) for decision in entry.decisions if decision.place]
        parts += [("commit", commit.place) for commit in entry.commits if commit.place]
        lines.append("  " + ", ".join(
            f"{what} {names.get(place.file, '')}@{place.byte}" for what, place in parts
        ))  # fmt: skip
    return lines


def standup_page(title: str, projects: Sequence[Summary], lines: int) -> list[Block]:
    """The short form: for each project what was done, what is open and what failed. In Markdown it
    has at most `lines` lines."""
    fitting = max(1, min(len(projects), (lines - 3) // 6))
    each = (lines - 3) // fitting - 3
    blocks: list[Block] = [Heading(1, plain(title))]
    for project in projects[:fitting]:
        count = pluralize(project.sessions, "session")
        changes, made = _changes(project), [each.subject or each.sha for each in project.commits]
        parts: list[tuple[str, list[Line]]] = [
            ("Summary", [_summary(project.summary)] if project.summary else []),
            ("Done", [plain(text) for text in dict.fromkeys([*project.done, *made])]),
            ("Open", [plain(text) for text in project.open]),
            ("Failed", [_failed(failure) for failure in project.failed]),
        ]
        blocks += [
            Heading(2, plain(", ".join(filter(None, (f"{project.project}: {count}", changes))))),
            Bullets(_fit(parts, each)),
        ]
    if left := len(projects) - fitting:
        blocks.append(Paragraph(own(f"{pluralize(left, 'other project')} left out.")))
    return blocks


def _summary(written: Written) -> Line:
    text = truncate_chars(one_line(written.text), LINE_CHARS)
    return [*plain(text), *own(f"({written.by}, {written.at:%Y-%m-%d})")]


def _fit(parts: list[tuple[str, list[Line]]], most: int) -> list[Line]:
    """At most `most` lines, shared between the parts; what is left out is counted."""
    rooms = {name: 0 for name, lines in parts if lines}
    wanted = {name: len(lines) for name, lines in parts}
    for _ in range(most):
        hungry = [name for name in rooms if rooms[name] < wanted[name]]
        if hungry:
            rooms[min(hungry, key=lambda name: rooms[name])] += 1
    shown: list[Line] = []
    for name, lines in parts:
        for i, line in enumerate(lines[: rooms.get(name, 0)]):
            more = len(lines) - rooms[name] if i + 1 == rooms[name] else 0
            shown.append([strong(name), *line, *own(f"(and {more} more)" if more else "")])
    return shown or [own("Nothing was done, is open or failed.")]


def _changes(*found: Summary) -> str:
    commits = sum(len(summary.commits) for summary in found)
    files = sum(summary.files for summary in found)
    counts = [pluralize(commits, "commit")] if commits else []
    return ", ".join([*counts, f"{pluralize(files, 'file')} changed"] if files else counts)


def _names(texts: list[str]) -> list[Span]:
    """How many there are, and the first ones."""
    if not texts:
        return own("nothing.")
    named = "; ".join(truncate_chars(one_line(text), LINE_CHARS // 2) for text in texts[:_TOP])
    more = f"; and {len(texts) - _TOP} more" if len(texts) > _TOP else ""
    return [*own(f"{len(texts)}:"), *plain(f"{named}{more}.")]


def _failed(failure: FailedWork) -> Line:
    what = truncate_chars(failure.what, LINE_CHARS // 2)
    shown = code(what) if failure.kind is FailureKind.COMMAND else Span(what)
    return [shown, *plain(f"({failure.how})" if failure.how != "failed" else "")]
