"""Lays out a journal as blocks of a page. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from itertools import starmap
from typing import Final

from msgspec import Struct

from ingest.projects.journal.blocks import (
    Block,
    Bullets,
    Heading,
    Line,
    Paragraph,
    Quote,
    Span,
    Verbatim,
    code,
    own,
    plain,
    state,
    strong,
)
from ingest.projects.journal.entry import summarize_turns
from ingest.projects.journal.importance import most_important, most_important_failures
from ingest.projects.journal.model import (
    ChangedFile,
    CommandRun,
    EarlierTurns,
    FilePosition,
    Journal,
    JournalCommit,
    JournalDecision,
    JournalEntry,
    JournalFailure,
    JournalPlan,
    JournalSource,
    JournalTurn,
)
from ingest.text.numbers import pluralize
from ingest.text.sanitize import truncate_chars
from ingest.text.times import duration


class Limits(Struct, frozen=True):
    """How much of each session a page shows; JSON has everything."""

    turns: int = 20
    commands: int = 12
    files: int = 20
    failures: int = 12
    revisions: int = 12
    said: int = 2_000
    """Characters of a prompt or an answer."""
    output: int = 12
    """Last lines of a failure's output."""


_FEW: Final = 3
"""Up to this many sessions are shown in full."""
_SHORT: Final = Limits(turns=3, commands=5, files=8, failures=4, revisions=6, said=400, output=3)
_TOLD: Final = 12
"""Most sessions that get a section; the others get a line each."""
_NAMED: Final = 100


def page(journal: Journal, zone: tzinfo | None) -> list[Block]:
    """`zone`: the time zone of times."""
    blocks: list[Block] = [Heading(1, plain(journal.title)), Paragraph(_about(journal))]
    if journal.decisions:
        blocks += [
            Heading(2, own("Decisions by people")),
            Bullets([_said(one, zone) for one in journal.decisions]),
        ]
    told, others = _chosen(journal.entries)
    limits = Limits() if len(journal.entries) <= _FEW else _SHORT
    for entry in told:
        blocks += _Page(entry, zone, limits).blocks(alone=journal.kind == "session")
    if others:
        named = _most(map(_named, others), _NAMED)
        blocks += [Heading(2, own("Sessions in one line")), Bullets(named)]
    if not journal.entries:
        blocks.append(Paragraph(own("Nothing happened.")))
    return blocks


def _chosen(entries: list[JournalEntry]) -> tuple[list[JournalEntry], list[JournalEntry]]:
    """The sessions with most work, in their order, and the others."""
    ranked = sorted(
        range(len(entries)),
        key=lambda i: (
            entries[i].parent is None,
            bool(entries[i].commits or entries[i].decisions),
            len(entries[i].files) + len(entries[i].failures),
            entries[i].turn_count,
            -i,
        ),
        reverse=True,
    )
    told = set(ranked[:_TOLD])
    return (
        [one for i, one in enumerate(entries) if i in told],
        [one for i, one in enumerate(entries) if i not in told],
    )


def _named(one: JournalEntry) -> Line:
    return [
        state(one.outcome), *plain(one.title), code(one.session),
        *own(f"{pluralize(one.turn_count, 'turn')}, {pluralize(len(one.files), 'file')}"),
    ]  # fmt: skip


def _about(journal: Journal) -> Line:
    count = journal.redacted
    masked = f"{pluralize(count, 'secret')} masked." if count else ""
    return own(
        f"{pluralize(len(journal.entries), 'session')}, times in {journal.zone}.",
        "@ is a byte offset in a source file.",
        masked,
    )


class _Page:
    def __init__(self, entry: JournalEntry, zone: tzinfo | None, limits: Limits) -> None:
        self.entry = entry
        self.zone = zone
        self.limits = limits
        self.files = [one.file for one in entry.sources]

    def blocks(self, *, alone: bool) -> list[Block]:
        """`alone`: the page has no other session, so its heading is the title already."""
        return [
            *([] if alone else [Heading(2, plain(self.entry.title))]),
            self._facts(),
            *self._wanted(),
            *(self._plan(self.entry.plan) if self.entry.plan else []),
            *self._happened(),
            *self._list("Decisions", map(self._decision, self.entry.decisions)),
            *self._failures(self.entry.failures),
            *self._list("Files", _most(map(_file, self.entry.files), self.limits.files)),
            *self._list("Commits", map(self._commit, self.entry.commits)),
            *self._list(
                "Notes by a command, from the text of the log",
                (plain(one.text) for one in self.entry.notes),
            ),
            *self._list("Sources", starmap(self._source, enumerate(self.entry.sources, start=1))),
        ]

    def _list(self, title: str, lines: Iterable[Line]) -> list[Block]:
        found = list(lines)
        return [Heading(3, own(title)), Bullets(found)] if found else []

    def _wanted(self) -> list[Block]:
        entry = self.entry
        goals = self._list(
            "Goals", ([state(goal.status), *plain(goal.text)] for goal in entry.goals)
        )
        if not entry.objective or entry.objective == entry.title:
            return goals
        return [Heading(3, own("Objective")), self._quote(entry.objective), *goals]

    def _happened(self) -> list[Block]:
        if not self.entry.turns:
            return []
        blocks: list[Block] = [Heading(3, own("What happened"))]
        told = self.entry.turns[-self.limits.turns :]
        before = (self.entry.earlier, summarize_turns(self.entry.turns[: -self.limits.turns]))
        blocks += [Paragraph(plain(earlier(one, self.limits.files))) for one in before if one]
        for turn in told:
            blocks += self._turn(turn)
        return blocks

    def _quote(self, text: str) -> Quote:
        return Quote(truncate_chars(text, self.limits.said))

    def _decision(self, one: JournalDecision) -> Line:
        return [
            *own(self._clock(one.at)),
            *plain(one.question),
            strong(one.answer),
            *own(self._at(one.place)),
        ]

    def _commit(self, one: JournalCommit) -> Line:
        return [code(one.sha), *plain(one.subject), *own(self._at(one.place))]

    def _source(self, number: int, one: JournalSource) -> Line:
        return [
            *own(f"S{number}" if len(self.files) > 1 else ""),
            code(one.file),
            *own(f"({one.note})" if one.note else ""),
        ]

    def _facts(self) -> Block:
        entry = self.entry
        where = [strong("project"), Span(entry.project)]
        if entry.branch:
            where += [*own("on"), code(entry.branch)]
        if entry.commit:
            where += [*own("at"), code(entry.commit[:10])]
        spent = entry.tokens
        lines: list[Line] = [
            [strong("session"), code(entry.session), *plain(_agent(entry))],
            where,
            [
                strong("time"),
                *own(self._span(), f"{pluralize(entry.turn_count, 'turn')},"),
                state(entry.outcome),
            ],
            [
                strong("codex"),
                *plain(" ".join(filter(None, (entry.cli_version, entry.model))) or "unknown"),
            ],
            [
                strong("tokens"),
                *own(
                    f"{spent.total:,} (input {spent.input:,}, including cached {spent.cached:,}; "
                    f"output {spent.output:,}, including reasoning {spent.reasoning:,})"
                ),
            ],
        ]
        return Bullets(lines)

    def _plan(self, plan: JournalPlan) -> list[Block]:
        steps, done = len(plan.steps), sum(step.status == "completed" for step in plan.steps)
        blocks: list[Block] = [
            Heading(3, own(f"Plan: {f'{done} of {steps} done' if steps else 'no steps'}")),
        ]
        if steps:
            blocks.append(Bullets([[state(step.status), Span(step.text)] for step in plan.steps]))
        told: list[Line] = []
        for one in plan.revisions[-self.limits.revisions :]:
            changes = [
                f"{word}: {', '.join(texts)}"
                for word, texts in (
                    ("done", one.done),
                    ("added", one.added),
                    ("dropped", one.dropped),
                )
                if texts
            ]
            changed = f"({'; '.join(changes)})" if changes else ""
            if not (one.explanation or changed):
                changed = "went on" if told else "planned"
            told.append(
                [
                    *own(self._clock(one.at)),
                    *plain(one.explanation, changed),
                    *own(self._at(one.place)),
                ]
            )
        left_out = len(plan.revisions) - len(told)
        before = f", after {pluralize(left_out, 'earlier revision')}" if left_out else ""
        blocks += [Paragraph(own(f"How it went{before}:")), Bullets(told)]
        return blocks

    def _turn(self, turn: JournalTurn) -> list[Block]:
        head = [*own(f"Turn {turn.n}:", self._clock(turn.at), duration(turn.seconds))]
        blocks: list[Block] = [Heading(4, [*head, state(turn.state), *own(self._at(turn.place))])]
        if turn.asked and turn.asked != self.entry.objective:
            blocks.append(self._quote(turn.asked))
        commands = most_important(turn.commands, self.limits.commands)
        lines = [self._command(one) for one in commands]
        if left := len(turn.commands) - len(commands):
            lines.append(own(f"and {left} less important commands"))
        lines += _most(map(_file, turn.files), self.limits.files)
        lines += [plain(turn.error)] if turn.error else []
        if lines:
            blocks.append(Bullets(lines))
        if turn.answered:
            blocks += [Paragraph([strong("Answer")]), self._quote(turn.answered)]
        return blocks

    def _command(self, one: CommandRun) -> Line:
        code_ = f"exit {one.exit_code}" if one.exit_code else ""
        took = duration(one.seconds)
        said = ", ".join(filter(None, (code_, took)))
        return [code(one.command), state(one.status), *own(said, self._at(one.place))]

    def _failures(self, failures: list[JournalFailure]) -> list[Block]:
        if not failures:
            return []
        told = most_important_failures(failures, self.limits.failures)
        blocks: list[Block] = [Heading(3, own("Failures and repairs"))]
        if len(told) < len(failures):
            left_out = pluralize(len(failures) - len(told), "other")
            blocks.append(Paragraph(own(f"{left_out} left out.")))
        lines: list[Line] = []
        for one in told:
            lines.append(self._failure(one))
            if one.said and not (one.repaired and self.limits is _SHORT):
                blocks += [Bullets(lines), Verbatim(_end(one.said, self.limits.output))]
                lines = []
        return [*blocks, Bullets(lines)] if lines else blocks

    def _failure(self, one: JournalFailure) -> Line:
        repaired = "not repaired in this session"
        if one.repaired:
            repaired = " ".join(filter(None, ("succeeded later", self._clock(one.repaired_at))))
        return [
            *own(self._clock(one.at)),
            code(one.what),
            *plain(one.how),
            *own(f"({repaired})", self._at(one.place)),
        ]

    def _at(self, place: FilePosition | None) -> str:
        if place is None:
            return ""
        which = ""
        if len(self.files) > 1 and place.file in self.files:
            which = f"S{self.files.index(place.file) + 1}"
        return f"{which}@{place.byte}"

    def _span(self) -> str:
        began, ended = (self._local(one) for one in (self.entry.started_at, self.entry.ended_at))
        if began is None:
            return "unknown,"
        if ended is None:
            return f"{began:%Y-%m-%d %H:%M:%S},"
        same = began.date() == ended.date()
        return (
            f"{began:%Y-%m-%d %H:%M:%S} to {ended:{'%H:%M:%S' if same else '%Y-%m-%d %H:%M:%S'}},"
        )

    def _clock(self, moment: datetime | None) -> str:
        local = self._local(moment)
        return f"{local:%H:%M:%S}" if local else ""

    def _local(self, moment: datetime | None) -> datetime | None:
        return _local(moment, self.zone)


def _local(moment: datetime | None, zone: tzinfo | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone(zone)


def _said(one: JournalDecision, zone: tzinfo | None) -> Line:
    at = _local(one.at, zone)
    return [*own(f"{at:%Y-%m-%d %H:%M}" if at else ""), *plain(one.question), strong(one.answer)]


def earlier(one: EarlierTurns, most: int = 40) -> str:
    """Earlier turns as one line of counts."""
    turns = f"Turn {one.first}" if one.first == one.last else f"Turns {one.first}–{one.last}"
    parts = [pluralize(one.commands, "command"), f"{one.failed} failed" if one.failed else ""]
    if one.files:
        more = f" and {len(one.files) - most} more" if len(one.files) > most else ""
        parts.append(f"files {', '.join(one.files[:most])}{more}")
    return f"{turns}: {', '.join(filter(None, parts))}."


def _end(text: str, most: int) -> str:
    """The last lines of an output, where errors usually are."""
    lines = text.splitlines()
    return "\n".join(lines if len(lines) <= most else ["…", *lines[-most:]])


def _agent(entry: JournalEntry) -> str:
    if not entry.parent:
        return ""
    return f"an agent ({entry.agent or 'without a name'}) of {entry.parent}"


def _file(one: ChangedFile) -> Line:
    times = f"({one.times} times)" if one.times > 1 else ""
    return [code(one.path), *plain(", ".join(one.changes)), *own(times)]


def _most(lines: Iterable[Line], most: int) -> list[Line]:
    """The first `most` lines, and how many more there are."""
    found = list(lines)
    if len(found) > most:
        return [*found[:most], own(f"and {len(found) - most} more")]
    return found
