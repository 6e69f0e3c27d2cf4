"""Builds the journal entry of one session. Pure.

Only what is in the log is reported: a decision is an answer to a question, or one that an answer of
the agent states; a failure is repaired if the same command, a patch of the same file or another
turn succeeded later. Nothing depends on the current time.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from ingest.codex.facts import CallKind
from ingest.projects.journal.model import (
    ChangedFile,
    CommandRun,
    EarlierTurns,
    FailureKind,
    FilePosition,
    JournalCommit,
    JournalDecision,
    JournalEntry,
    JournalFailure,
    JournalNote,
    JournalPlan,
    JournalSource,
    JournalStep,
    JournalTurn,
    PlanChange,
)
from ingest.projects.journal.near_duplicates import merge_near_duplicates
from ingest.projects.journal.stated_decisions import stated_decisions
from ingest.sessions.load import Parts
from ingest.sessions.model import (
    Fact,
    SessionCall,
    SessionChange,
    SessionFile,
    SessionLog,
    SessionPlan,
    SessionTurn,
    TurnMessage,
    patched_files,
)
from ingest.sessions.questions import answer_text, question_text
from ingest.sessions.session import UNTITLED, Tokens
from ingest.text.sanitize import truncate_chars

ASKED_CHARS: Final = 1_200
ANSWER_CHARS: Final = 2_000
COMMAND_CHARS: Final = 300
OUTPUT_CHARS: Final = 400

_APPLIED: Final = ("completed", "running")
_GOALS: Final = {"complete": "completed", "active": "in_progress"}
_COMMITTED: Final = re.compile(
    r"^\[[^\]\n]{1,200}? (?:\(root-commit\) )?([0-9a-f]{7,40})\] ?([^\n]{0,200})", re.MULTILINE
)

PARTS: Final = Parts(
    facts=("messages", "calls", "changes", "plans", "goals", "usage", "notes"),
    calls=(CallKind.COMMAND, CallKind.PATCH, CallKind.QUESTION),
    chars=4_000,
    output=True,
)
"""What an entry is built from."""

Mask = Callable[[str], str]
Period = tuple[datetime, datetime]
"""From the first time to before the second one."""


class Rules(Struct, frozen=True):
    mask: Mask
    zone: tzinfo | None
    """The time zone of days; None is the system's."""
    turns: int
    """List this many newest turns; earlier ones are only counted."""


def build_entry(log: SessionLog, rules: Rules, period: Period | None = None) -> JournalEntry | None:
    """The entry of the session, or of its turns that began in `period`; None if there are none."""
    return _EntryBuilder(log, rules, period).entry()


class _EntryBuilder:
    def __init__(self, log: SessionLog, rules: Rules, period: Period | None) -> None:
        self.session = log.session
        self.log = log
        self.rules = rules
        self.mask = rules.mask
        self.whole = period is None
        self.names = {file.source: _relative(file.path, log.session.home) for file in log.files}
        self.turns = [
            turn
            for turn in log.turns
            if period is None or ((began := self._began(turn)) and period[0] <= began < period[1])
        ]
        self.numbers = {turn.n for turn in self.turns}
        self.masked: dict[tuple[str, int], str] = {}
        """Texts recur: every revision of a plan repeats its steps."""
        self.edits = {
            turn.n: [self._edit(change) for change in turn.changes if change.status in _APPLIED]
            for turn in self.turns
        }

    def entry(self) -> JournalEntry | None:
        if not self.turns and not self.whole:
            return None
        session = self.session
        effective = [turn for turn in self.turns if not turn.rolled_back]
        listed, earlier = self.turns[-self.rules.turns :], self.turns[: -self.rules.turns]
        return JournalEntry(
            session=session.id,
            title=self._text(session.title, ASKED_CHARS) or UNTITLED,
            project=self._text(session.project) or "unknown",
            cwd=self.mask(session.cwd) if session.cwd else None,
            repository=self.mask(session.repository) if session.repository else None,
            branch=self._text(session.began_on),
            commit=session.commit,
            parent=session.parent_id,
            agent=self._text(" ".join(filter(None, (session.nickname, session.role)))),
            model=self._text(session.model),
            cli_version=self._text(session.cli_version),
            started_at=session.started_at if self.whole else self._began(self.turns[0]),
            ended_at=session.last_at if self.whole else self._ended(),
            outcome=effective[-1].state if effective else "unknown",
            objective=next((asked for turn in effective if (asked := self._asked(turn))), None),
            goals=self._goals(),
            plan=self._plan(),
            turn_count=len(self.turns),
            earlier=self._earlier(earlier) if earlier else None,
            turns=[self._turn(turn) for turn in listed],
            decisions=self._decisions(),
            failures=self._failures(),
            files=_changed(edit for turn in effective for edit in self.edits[turn.n]),
            commits=self._commits(),
            tokens=self._tokens(),
            notes=[
                JournalNote(self._text(note.text, ANSWER_CHARS) or "", self._text(note.kind))
                for note in self.log.notes
            ]
            if self.whole
            else [],
            sources=self._sources(),
        )

    def _began(self, turn: SessionTurn) -> datetime | None:
        """Old releases record no times of turns; then the start of the session is used."""
        return turn.started_at or self.session.started_at or self.session.last_at

    def _effective(self, facts: Iterable[Fact]) -> list[Fact]:
        """Facts of the included turns, without turns that were rolled back."""
        return self.log.effective(fact for fact in facts if self.whole or fact.turn in self.numbers)

    def _place(self, of: SessionTurn | SessionCall | SessionPlan | TurnMessage) -> FilePosition:
        return FilePosition(self.names[of.source], of.byte)

    def _text(self, text: str | None, chars: int = COMMAND_CHARS) -> str | None:
        """Mask, then truncate: a truncated secret would not match its pattern."""
        if not text:
            return None
        masked = self.masked.get((text, chars))
        if masked is None:
            masked = self.masked[text, chars] = truncate_chars(self.mask(text), chars)
        return masked

    def _asked(self, turn: SessionTurn) -> str | None:
        return self._text("\n\n".join(turn.prompts), ASKED_CHARS)

    def _earlier(self, turns: list[SessionTurn]) -> EarlierTurns:
        commands = [call for turn in turns for call in turn.commands]
        failed = sum(call.status == "failed" for call in commands)
        files = dict.fromkeys(path for turn in turns for path, _ in self.edits[turn.n])
        return EarlierTurns(turns[0].n, turns[-1].n, len(commands), failed, list(files))

    def _ended(self) -> datetime | None:
        """When the last of the turns ended, or the session if that turn has no end."""
        last = self.turns[-1]
        times = [turn.ended_at or turn.started_at for turn in self.turns]
        if last.ended_at is None and last is self.log.turns[-1]:
            times.append(self.session.last_at)
        return max((moment for moment in times if moment), default=None)

    def _turn(self, turn: SessionTurn) -> JournalTurn:
        return JournalTurn(
            n=turn.n,
            at=turn.started_at,
            seconds=turn.seconds,
            state=turn.state,
            asked=self._asked(turn),
            answered=self._text(turn.answer, ANSWER_CHARS),
            error=self._text(turn.error or turn.error_code),
            commands=[self._command(call) for call in turn.commands],
            files=_changed(self.edits[turn.n]),
            tokens=turn.tokens.total,
            place=self._place(turn),
        )

    def _command(self, call: SessionCall) -> CommandRun:
        return CommandRun(
            call.at,
            self._text(call.command or call.tool) or "",
            call.status,
            call.exit_code,
            call.seconds,
            self._place(call),
        )

    def _edit(self, file: SessionChange) -> tuple[str, str]:
        path = _relative(file.path, self.session.cwd or "")
        change = f"moved to {file.moved_to}" if file.moved_to else file.change
        return self._text(path) or "", self._text(change) or ""

    def _goals(self) -> list[JournalStep]:
        newest: dict[str, str] = {}
        for goal in self._effective(self.log.goals):
            if goal.objective:
                newest[goal.objective] = goal.status or ""
            elif newest and goal.status:
                newest[list(newest)[-1]] = goal.status
        return [
            JournalStep(self._text(text) or "", _GOALS.get(status, status))
            for text, status in newest.items()
        ]

    def _plan(self) -> JournalPlan | None:
        revisions: list[PlanChange] = []
        before: dict[str, str] = {}
        steps: list[JournalStep] = []
        for plan in self._effective(self.log.plans):
            if not plan.accepted:
                continue
            steps = [JournalStep(self._text(step.text) or "", step.status) for step in plan.steps]
            after = {step.text: step.status for step in steps}
            revisions.append(
                PlanChange(
                    plan.at,
                    self._text(plan.explanation),
                    [
                        text
                        for text, status in after.items()
                        if status == "completed" and before.get(text) != "completed"
                    ],
                    [text for text in after if text not in before] if revisions else [],
                    [text for text in before if text not in after],
                    self._place(plan),
                )
            )
            before = after
        return JournalPlan(steps, revisions) if revisions else None

    def _decisions(self) -> list[JournalDecision]:
        return sorted([*self._answered(), *self._stated()], key=lambda each: str(each.at or ""))

    def _stated(self) -> Iterable[JournalDecision]:
        """What the agent's messages state."""
        found = [
            JournalDecision(
                message.at, "", self._text(text, ASKED_CHARS) or "", self._place(message)
            )
            for turn in self.turns
            if not turn.rolled_back
            for message in turn.messages
            if message.role == "assistant"
            for text in stated_decisions(message.text)
        ]
        return merge_near_duplicates(found, lambda each: each.answer)

    def _answered(self) -> list[JournalDecision]:
        return [
            JournalDecision(
                call.at,
                self._text(question_text(call.command), ASKED_CHARS) or "",
                self._text(answer, ASKED_CHARS) or "",
                self._place(call),
            )
            for call in self._effective(self.log.calls)
            if call.kind == CallKind.QUESTION
            and call.status == "completed"
            and (answer := answer_text(call.output))
        ]

    def _failures(self) -> list[JournalFailure]:
        failures = []
        repairs: dict[str | None, SessionCall] = {}
        """The next success of each command, and of a patch of each file, after the call."""
        for call in reversed(self._effective(self.log.calls)):
            if call.own or call.kind not in (CallKind.COMMAND, CallKind.PATCH):
                continue
            targets = _targets(call)
            if call.status == "completed":
                repairs |= dict.fromkeys(targets, call)
            if call.status != "failed":
                continue
            later = next((repairs[target] for target in targets if target in repairs), None)
            code = call.exit_code
            failures.append(
                JournalFailure(
                    call.at,
                    self._text(_attempted(call)) or "",
                    f"exit {code}" if code is not None else "failed",
                    _end(self.mask(call.output)) if call.output else None,
                    later.at if later else None,
                    later is not None,
                    self._place(call),
                    FailureKind.PATCH if call.kind == CallKind.PATCH else FailureKind.COMMAND,
                )
            )
        failures.reverse()
        completed = [turn for turn in self.turns if turn.state == "completed"]
        for turn in self.turns:
            if turn.state == "failed":
                repair = next((other for other in completed if other.n > turn.n), None)
                failures.append(
                    JournalFailure(
                        turn.ended_at or turn.started_at,
                        f"turn {turn.n}",
                        self._text(turn.error or turn.error_code) or "failed",
                        None,
                        (repair.ended_at or repair.started_at) if repair else None,
                        repair is not None,
                        self._place(turn),
                        FailureKind.TURN,
                    )
                )
        return failures

    def _commits(self) -> list[JournalCommit]:
        return [
            JournalCommit(sha, self._text(subject), call.at, self._place(call))
            for call in self._effective(self.log.calls)
            if call.kind == CallKind.COMMAND and call.status == "completed" and call.output
            for sha, subject in _COMMITTED.findall(call.output)
        ]

    def _tokens(self) -> Tokens:
        if self.whole:
            return self.session.tokens
        return Tokens(
            *(
                sum(getattr(turn.tokens, name) for turn in self.turns)
                for name in Tokens.__struct_fields__
            )
        )

    def _sources(self) -> list[JournalSource]:
        used = {turn.source for turn in self.turns}
        return [
            JournalSource(self.names[file.source], _note(file))
            for file in self.log.files
            if self.whole or file.source in used
        ]


def _note(file: SessionFile) -> str | None:
    if file.state != "following":
        return file.state.replace("_", " ")
    if file.representation == "zst":
        return "compressed; byte offsets are those of the decompressed file"
    return "archived" if file.archived else None


def _targets(call: SessionCall) -> list[str | None]:
    """What has to succeed later so that a failure of this call is repaired."""
    if call.kind == CallKind.COMMAND:
        return [call.command]
    return [f"*** {file}" for file in patched_files(call.command or "")]


def _attempted(call: SessionCall) -> str:
    """The failed command, or the files of the patch."""
    command = call.command or call.tool
    patched = patched_files(command) if call.kind == CallKind.PATCH else []
    return f"patch of {', '.join(patched)}" if patched else command


def _changed(edits: Iterable[tuple[str, str]]) -> list[ChangedFile]:
    changes: dict[str, list[str]] = {}
    for path, change in edits:
        changes.setdefault(path, []).append(change)
    return [
        ChangedFile(path, list(dict.fromkeys(made)), len(made)) for path, made in changes.items()
    ]


def _relative(path: str, folder: str) -> str:
    """The path relative to the folder, if it is inside."""
    try:
        return PurePath(path).relative_to(folder).as_posix() if folder else path
    except ValueError:
        return path


def _end(text: str) -> str:
    """The last lines of an output, where errors usually are, with their indentation."""
    text = text.strip("\n").rstrip()
    if len(text) <= OUTPUT_CHARS:
        return text
    end = text[-OUTPUT_CHARS:]
    return "…\n" + (end.partition("\n")[2] or end)
