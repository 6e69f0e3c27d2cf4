"""Lays out one session of a journal as blocks. Pure.

What was wanted, what came of it, decisions, failures and repairs, commits and files; and its turns,
if the journal is about this session only.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, tzinfo
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
from ingest.projects.journal.importance import (
    most_important,
    most_important_failures,
    most_important_files,
)
from ingest.projects.journal.model import (
    ChangedFile,
    CommandRun,
    EarlierTurns,
    FailureKind,
    JournalDecision,
    JournalEntry,
    JournalFailure,
    JournalTurn,
)
from ingest.projects.journal.summary import last_failures
from ingest.text.hashes import short_hash
from ingest.text.numbers import pluralize
from ingest.text.sanitize import one_line, truncate_chars
from ingest.text.times import duration, local_day


class Limits(Struct, frozen=True):
    """How much of a session a page shows; JSON has everything."""

    asked: int
    """Characters of a request."""
    answer: int
    requests: int
    """Later requests."""
    steps: int
    """Steps that are not done."""
    failures: int
    output: int
    """Last lines of the output of a failure that was not repaired."""
    files: int
    commits: int


SESSION: Final = Limits(2_000, 2_000, 0, 50, 12, 12, 20, 50)
"""For the journal of one session, which shows all its steps."""
FEW: Final = Limits(400, 500, 4, 6, 4, 3, 6, 8)
MANY: Final = Limits(160, 200, 1, 3, 2, 0, 3, 3)
_COMMANDS: Final = 12
"""Most commands of a turn."""
LINE_CHARS: Final = 120
ID_CHARS: Final = 13
_ROLLED_BACK: Final = ("rolled_back", "reverted")
_CHANGES: Final = {"add": "new", "delete": "deleted"}


class Times(Struct, frozen=True):
    """Formats times in a zone."""

    zone: tzinfo | None
    day: str | None = None
    """The day that the page is about, which is not repeated."""

    def span(self, began: datetime | None, ended: datetime | None) -> str:
        if began is None:
            return "at an unknown time"
        first, last = self._day(began), self.clock_on(ended, self._day(began))
        day = "" if f"{first}" == self.day else f"{first} "
        start = self.clock_on(began, first)
        return f"{day}{start} to {last}" if last not in ("", start) else f"{day}{start}"

    def clock(self, moment: datetime | None, entry: JournalEntry) -> str:
        """The time, with the day if it is not the first one of the session."""
        began = entry.started_at or moment
        return self.clock_on(moment, self._day(began)) if began else ""

    def clock_on(self, moment: datetime | None, day: date) -> str:
        local = self.local(moment)
        return f"{local:{'%H:%M' if local.date() == day else '%Y-%m-%d %H:%M'}}" if local else ""

    def _day(self, moment: datetime) -> date:
        return local_day(moment, self.zone)

    def local(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.replace(tzinfo=UTC).astimezone(self.zone)


class SessionSection:
    """`agents`: the sessions of its agents. `alone`: the page is about this session only."""

    def __init__(
        self,
        entry: JournalEntry,
        agents: Sequence[JournalEntry],
        limits: Limits,
        times: Times,
        *,
        alone: bool,
    ) -> None:
        self.entry = entry
        self.agents = agents
        self.limits = limits
        self.times = times
        self.alone = alone
        self.turns = [turn for turn in entry.turns if turn.state not in _ROLLED_BACK]

    def blocks(self) -> list[Block]:
        entry, files, limits = self.entry, self.entry.files, self.limits
        head: list[Block] = [Heading(2, plain(entry.title)), Paragraph(self.facts())]
        named = [_file(file) for file in most_important_files(files, limits.files)]
        commits: list[Line] = [
            [code(short_hash(each.sha)), *plain(each.subject)] for each in entry.commits
        ]
        return [
            *([] if self.alone else head),
            *self._wanted(),
            *self._result(),
            *_list("How the plan changed", self._plan_changes()),
            *_list("Agents", [_agent(each) for each in self.agents]),
            *_list("Decisions", [self._decision(each) for each in entry.decisions]),
            *self._failures(),
            *_list("Commits", first(commits, limits.commits)),
            *(_list(f"Files: {len(files)} changed", first(named, limits.files, len(files)))
              if self.alone else _files_line(named, len(files))),
            *(self._turns() if self.alone else []),
            *_list("Notes by a command, from the text of the log",
                   [plain(note.text) for note in entry.notes]),
        ]  # fmt: skip

    def facts(self) -> Line:
        """Where and when, as one line."""
        entry = self.entry
        agent = f"agent {entry.agent or 'without a name'} of" if entry.parent else ""
        return [
            *plain(entry.project),
            *([*own("on"), code(entry.branch)] if entry.branch else []),
            *([*own("at"), code(short_hash(entry.commit))] if entry.commit and self.alone else []),
            *own(f"· {self.times.span(entry.started_at, entry.ended_at)} ·"),
            *own(f"{pluralize(entry.turn_count, 'turn')} ·"),
            state(entry.outcome),
            *own("· session"),
            code(entry.session if self.alone else entry.session[:ID_CHARS]),
            *([*own("·"), *plain(agent), code(entry.parent)] if entry.parent else []),
            *own(f"· {entry.tokens.total:,} tokens" if entry.tokens.total else ""),
            *plain(f"· {_codex(entry)}." if self.alone else ""),
        ]

    def _wanted(self) -> list[Block]:
        entry = self.entry
        blocks: list[Block] = []
        if entry.objective and one_line(entry.objective) != entry.title:
            blocks = [_lead("Wanted"), _quote(entry.objective, self.limits.asked)]
        later = [turn.asked for turn in self.turns if turn.asked not in (None, entry.objective)]
        if later and (most := self.limits.requests):
            left = f"({len(later) - most} before that left out)" if len(later) > most else ""
            lines = [
                plain(truncate_chars(one_line(text), LINE_CHARS)) for text in later[-most:] if text
            ]
            blocks += [_lead("Then", left), Bullets(lines)]
        return blocks

    def _result(self) -> list[Block]:
        """What came of it: the plan and the goals, and the last answer."""
        entry = self.entry
        blocks: list[Block] = []
        lines: list[Line] = [[state(goal.status), *plain(goal.text)] for goal in entry.goals]
        count = ""
        if entry.plan:
            steps = entry.plan.steps
            done = sum(step.status == "completed" for step in steps)
            count = f"{done} of {pluralize(len(steps), 'step')} done" if steps else "plan dropped"
            if self.alone or done < len(steps):
                shown = [each for each in steps if self.alone or each.status != "completed"]
                plan = [[state(step.status), *plain(step.text)] for step in shown]
                lines += first(plan, self.limits.steps)
        answer = next((turn.answered for turn in reversed(self.turns) if turn.answered), None)
        if not (lines or answer or count):
            return []
        blocks = [_lead("Result", count), *([Bullets(lines)] if lines else [])]
        return [*blocks, _quote(answer, self.limits.answer)] if answer else blocks

    def _plan_changes(self) -> list[Line]:
        """Why the plan was changed, and what was added or dropped."""
        entry = self.entry
        lines: list[Line] = []
        for change in entry.plan.revisions if self.alone and entry.plan else []:
            parts = [
                f"{word} {', '.join(f'“{text}”' for text in texts)}"
                for word, texts in (("added", change.added), ("dropped", change.dropped))
                if texts
            ]
            if change.explanation or parts:
                text = "; ".join(filter(None, (change.explanation, *parts)))
                lines.append([*own(self._clock(change.at)), *plain(text)])
        return lines

    def _decision(self, decision: JournalDecision) -> Line:
        at = self._clock(decision.at)
        return [*own(at), *plain(decision.question), strong(decision.answer)]

    def _failures(self) -> list[Block]:
        entry = self.entry
        if not entry.failures:
            return []
        times = Counter(failure.what for failure in entry.failures)
        last = last_failures(entry.failures)
        began = {failure.what: failure.at for failure in reversed(entry.failures)}
        shown = most_important_failures(last, self.limits.failures)
        left = f"({len(last) - len(shown)} left out)" if len(shown) < len(last) else ""
        blocks: list[Block] = [_lead("Failures and repairs", left)]
        lines: list[Line] = []
        for failure in shown:
            at = self._clock(began[failure.what])
            lines.append([*own(at), *self._failure(failure, times[failure.what])])
            if failure.output and not failure.repaired and self.limits.output:
                output = _end(failure.output, self.limits.output)
                blocks += [Bullets(lines), Verbatim(output)]
                lines = []
        return [*blocks, Bullets(lines)] if lines else blocks

    def _failure(self, failure: JournalFailure, times: int) -> Line:
        often = f"failed {times} times" if times > 1 else "failed"
        how = "" if failure.how == "failed" else f"({failure.how})"
        end = "and was not repaired"
        if failure.repaired:
            end = f"and succeeded at {self._clock(failure.repaired_at)}".removesuffix(" at ")
            if failure.kind is FailureKind.TURN:
                end = "and a later turn succeeded"
        what = code(failure.what) if failure.kind is FailureKind.COMMAND else Span(failure.what)
        return [what, *own(often), *plain(how), *own(f"{end}.")]

    def _turns(self) -> list[Block]:
        entry = self.entry
        blocks: list[Block] = []
        if entry.earlier:
            blocks.append(Paragraph(plain(earlier(entry.earlier, self.limits.files))))
        answered = [turn.n for turn in self.turns if turn.answered]
        for turn in entry.turns:
            blocks += self._turn(turn, answer=turn.n != answered[-1] if answered else False)
        return [Heading(3, own("Turn by turn")), *blocks] if blocks else []

    def _turn(self, turn: JournalTurn, *, answer: bool) -> list[Block]:
        """`answer`: whether to show its answer, which is not the result of the session."""
        took = duration(turn.seconds)
        blocks: list[Block] = []
        if turn.asked and turn.asked != self.entry.objective:
            blocks.append(_quote(turn.asked, self.limits.asked))
        commands = most_important(turn.commands, _COMMANDS)
        lines = [_command(command) for command in commands]
        if left := len(turn.commands) - len(commands):
            lines.append(own(f"and {pluralize(left, 'less important command')}"))
        lines += first([_file(file) for file in turn.files], self.limits.files)
        lines += [plain(turn.error)] if turn.error else []
        blocks += [Bullets(lines)] if lines else []
        if turn.answered and answer:
            blocks += [_lead("Answer"), _quote(turn.answered, self.limits.answer)]
        if not blocks and self.entry.turn_count == 1:
            return []
        head = [*own(f"Turn {turn.n}", self._clock(turn.at)), state(turn.state), *own(took)]
        return [Heading(4, head), *blocks]

    def _clock(self, moment: datetime | None) -> str:
        return self.times.clock(moment, self.entry)


def _agent(entry: JournalEntry) -> Line:
    answer = next((turn.answered for turn in reversed(entry.turns) if turn.answered), "")
    failed = sum(not each.repaired for each in last_failures(entry.failures))
    return [
        state(entry.outcome),
        strong(entry.agent or "without a name"),
        *plain(f"{truncate_chars(entry.title, LINE_CHARS)}:"),
        *plain(truncate_chars(one_line(answer or "no answer yet"), LINE_CHARS)),
        *own(f"({pluralize(failed, 'failure')} not repaired)" if failed else ""),
    ]


def _codex(entry: JournalEntry) -> str:
    return " ".join(filter(None, ("Codex", entry.cli_version, entry.model)))


def _lead(title: str, rest: str = "") -> Paragraph:
    return Paragraph([strong(title), *own(rest)])


def _list(title: str, lines: Sequence[Line]) -> list[Block]:
    return [_lead(title), Bullets(lines)] if lines else []


def _quote(text: str, chars: int) -> Quote:
    return Quote(truncate_chars(text, chars))


def _command(command: CommandRun) -> Line:
    exit_code = f"exit {command.exit_code}" if command.exit_code else ""
    result = ", ".join(filter(None, (exit_code, duration(command.seconds))))
    return [code(command.command), state(command.status), *own(result)]


def _file(file: ChangedFile) -> list[Span]:
    changes = [_CHANGES.get(change, change) for change in file.changes if change != "update"]
    times = f"{file.times} times" if file.times > 1 else ""
    rest = ", ".join(filter(None, (*changes, times)))
    return [code(file.path), *plain(f"({rest})" if rest else "")]


def _files_line(named: list[list[Span]], count: int) -> list[Block]:
    if not count:
        return []
    spans = [span for file in named for span in (*own("·"), *file)]
    more = f"· and {count - len(named)} more" if count > len(named) else ""
    return [Paragraph([strong("Files"), *own(f"{count} changed"), *spans, *own(more)])]


def earlier(turns: EarlierTurns, most: int = 40) -> str:
    """Earlier turns as one line of counts."""
    first, last = turns.first, turns.last
    numbers = f"Turn {first}" if first == last else f"Turns {first}–{last}"
    parts = [pluralize(turns.commands, "command"), f"{turns.failed} failed" if turns.failed else ""]
    if turns.files:
        more = f" and {len(turns.files) - most} more" if len(turns.files) > most else ""
        parts.append(f"files {', '.join(turns.files[:most])}{more}")
    return f"{numbers}: {', '.join(filter(None, parts))}."


def _end(text: str, most: int) -> str:
    """The last lines of an output, where errors usually are."""
    lines = text.splitlines()
    return "\n".join(lines if len(lines) <= most else ["…", *lines[-most:]])


def first(lines: Iterable[Line], most: int, count: int | None = None) -> list[Line]:
    """The first `most` lines, and how many more there are of all `count`."""
    found = list(lines)
    left = (len(found) if count is None else count) - most
    return [*found[:most], own(f"and {left} more")] if left > 0 else found
