"""Builds the journal entry of one session from rows. Pure.

Only what is in the log is reported: a decision is an answer to a question; a failure is repaired if
the same command succeeded later. Nothing depends on the current time.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import Row
from ingest.projects.journal.model import (
    CommandRun,
    Decision,
    EarlierTurns,
    Entry,
    FileChange,
    JournalCommit,
    JournalFailure,
    JournalPlan,
    JournalStep,
    JournalTurn,
    LogPosition,
    Note,
    Revision,
    Source,
)
from ingest.projects.journal.records import Record
from ingest.sessions.plan_steps import decode_steps
from ingest.sessions.questions import answer_text, question_text
from ingest.sessions.session import Tokens, title_of
from ingest.sessions.turn_messages import TurnMessages, messages_by_turn
from ingest.text.times import local_day

ASKED_CHARS: Final = 1_200
ANSWER_CHARS: Final = 2_000
COMMAND_CHARS: Final = 300
OUTPUT_CHARS: Final = 400

_APPLIED: Final = ("completed", "running")
_ROLLED_BACK: Final = ("rolled_back", "reverted")
_GOALS: Final = {"complete": "completed", "active": "in_progress"}
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_COMMITTED: Final = re.compile(
    r"^\[[^\]\n]{1,200}? (?:\(root-commit\) )?([0-9a-f]{7,40})\] ?([^\n]{0,200})", re.MULTILINE
)

Mask = Callable[[str], str]


class Rules(Struct, frozen=True):
    mask: Mask
    zone: tzinfo | None
    """The time zone of days; None is the system's."""
    turns: int
    """List this many newest turns; earlier ones are only counted."""


def build_entry(record: Record, rules: Rules, day: date | None = None) -> Entry | None:
    """The entry of the session, or of its turns that began on `day`; None if there are none."""
    return _EntryBuilder(record, rules, day).entry()


class _EntryBuilder:
    def __init__(self, record: Record, rules: Rules, day: date | None) -> None:
        self.record = record
        self.rules = rules
        self.mask = rules.mask
        homes = record.session["home_path"] or ""
        self.names = {row["source"]: _relative(row["path"], homes) for row in record.segments}
        self.numbers = {
            (row["source"], row["place"]): n for n, row in enumerate(record.facts["turns"], start=1)
        }
        kept = [
            row
            for row in record.facts["turns"]
            if day is None or ((began := self._began(row)) and local_day(began, rules.zone) == day)
        ]
        self.whole = day is None
        self.rows = {(row["source"], row["place"]): row for row in kept}
        self.edits: dict[int, list[tuple[str, str]]] = {}
        for row in record.facts["files"]:
            number = self.numbers.get((row["source"], row["turn"]))
            if number is not None and row["status"] in _APPLIED:
                self.edits.setdefault(number, []).append(self._edit(row))

    def entry(self) -> Entry | None:
        if not self.rows and not self.whole:
            return None
        row = self.record.session
        turns = self._turns()
        effective = [one for one in turns if one.state not in _ROLLED_BACK]
        newest = effective[-1] if effective else None
        title = self._text(title_of(row["title"]), ASKED_CHARS)
        return Entry(
            session=row["id"],
            title=title or "(no prompt)",
            project=self._text(row["project"]) or "unknown",
            branch=self._text(row["began_on"]),
            commit=row["commit"],
            parent=row["parent_id"],
            agent=self._text(" ".join(filter(None, (row["nickname"], row["role"])))),
            model=self._text(row["model"]),
            cli_version=self._text(row["cli_version"]),
            started_at=row["started_at"]
            if self.whole
            else self._began(next(iter(self.rows.values()))),
            ended_at=row["last_at"] if self.whole else self._ended(),
            outcome=newest.state if newest else "unknown",
            objective=next((one.asked for one in effective if one.asked), None),
            goals=self._goals(),
            plan=self._plan(),
            turn_count=len(turns),
            earlier=summarize_turns(turns[: -self.rules.turns]),
            turns=turns[-self.rules.turns :],
            decisions=self._decisions(),
            failures=self._failures(),
            files=_changed(file for one in effective for file in self.edits.get(one.n, [])),
            commits=self._commits(),
            tokens=self._tokens(),
            notes=[
                Note(self._text(one["text"], ANSWER_CHARS) or "", self._text(one["kind"]))
                for one in self.record.facts["notes"]
            ]
            if self.whole
            else [],
            sources=self._sources(),
        )

    def _began(self, turn: Row) -> datetime | None:
        """Old releases record no times of turns; then the start of the session is used."""
        session = self.record.session
        began: datetime | None = turn["started_at"] or session["started_at"] or session["last_at"]
        return began

    def _included(self, name: str) -> Iterable[Row]:
        """The rows of a kind that belong to an included turn."""
        if self.whole:
            return self.record.facts[name]
        return (row for row in self.record.facts[name] if (row["source"], row["turn"]) in self.rows)

    def _effective(self, name: str) -> Iterable[Row]:
        """The rows of turns that were not rolled back."""
        for row in self._included(name):
            turn = self.rows.get((row["source"], row["turn"]))
            if turn is None or turn["state"] not in _ROLLED_BACK:
                yield row

    def _place(self, row: Row) -> LogPosition:
        return LogPosition(self.names[row["source"]], row["byte"])

    def _text(self, text: str | None, chars: int = COMMAND_CHARS) -> str | None:
        """Mask, then truncate: a truncated secret would not match its pattern."""
        return truncate(self.mask(text), chars) if text else None

    def _ended(self) -> datetime | None:
        times = [row["ended_at"] or row["started_at"] for row in self.rows.values()]
        return max((one for one in times if one), default=None)

    def _turns(self) -> list[JournalTurn]:
        messages = messages_by_turn(self._included("messages"))
        commands: dict[tuple[int, int], list[CommandRun]] = {}
        for row in self._included("calls"):
            if row["kind"] == "command":
                commands.setdefault((row["source"], row["turn"]), []).append(self._command(row))
        spent = {(row["source"], row["turn"]): row["total"] for row in self._included("usage")}
        return [
            JournalTurn(
                n=self.numbers[key],
                at=row["started_at"],
                seconds=row["seconds"],
                state=row["state"],
                asked=self._text(
                    "\n\n".join(messages.get(key, TurnMessages()).prompts), ASKED_CHARS
                ),
                answered=self._text(messages.get(key, TurnMessages()).answer, ANSWER_CHARS),
                error=self._text(row["error"] or row["error_code"]),
                commands=commands.get(key, []),
                files=_changed(self.edits.get(self.numbers[key], [])),
                tokens=spent.get(key, 0),
                place=self._place(row),
            )
            for key, row in self.rows.items()
        ]

    def _command(self, row: Row) -> CommandRun:
        return CommandRun(
            row["time"],
            self._text(row["command"] or row["tool"]) or "",
            row["status"],
            row["exit_code"],
            row["seconds"],
            self._place(row),
        )

    def _edit(self, row: Row) -> tuple[str, str]:
        path = _relative(row["path"], self.record.session["cwd"] or "")
        change = f"moved to {row['moved_to']}" if row["moved_to"] else row["change"]
        return self._text(path) or "", self._text(change) or ""

    def _goals(self) -> list[JournalStep]:
        newest: dict[str, str] = {}
        for row in self._effective("goals"):
            if row["objective"]:
                newest[row["objective"]] = row["status"]
            elif newest and row["status"]:
                newest[list(newest)[-1]] = row["status"]
        return [
            JournalStep(self._text(text) or "", _GOALS.get(status, status))
            for text, status in newest.items()
        ]

    def _plan(self) -> JournalPlan | None:
        revisions: list[Revision] = []
        before: dict[str, str] = {}
        steps: list[JournalStep] = []
        for row in self._effective("plans"):
            steps = [
                JournalStep(self._text(text) or "", status)
                for text, status in decode_steps(row["steps"])
            ]
            after = {one.text: one.status for one in steps}
            revisions.append(
                Revision(
                    row["time"],
                    self._text(row["explanation"]),
                    [
                        text
                        for text, status in after.items()
                        if status == "completed" and before.get(text) != "completed"
                    ],
                    [text for text in after if text not in before] if revisions else [],
                    [text for text in before if text not in after],
                    self._place(row),
                )
            )
            before = after
        return JournalPlan(steps, revisions) if revisions else None

    def _decisions(self) -> list[Decision]:
        found = []
        for row in self._effective("calls"):
            if row["kind"] == "question" and row["status"] == "completed":
                questions, answer = question_text(row["command"]), answer_text(row["output"])
                if answer:
                    found.append(
                        Decision(
                            row["time"],
                            self._text(questions, ASKED_CHARS) or "",
                            self._text(answer, ASKED_CHARS) or "",
                            self._place(row),
                        )
                    )
        return found

    def _failures(self) -> list[JournalFailure]:
        rows = [row for row in self._effective("calls") if row["kind"] in ("command", "patch")]
        found = []
        for i, row in enumerate(rows):
            if row["status"] != "failed":
                continue
            later = next(
                (
                    one
                    for one in rows[i + 1 :]
                    if one["kind"] == row["kind"] == "command"
                    and one["command"] == row["command"]
                    and one["status"] == "completed"
                ),
                None,
            )
            code = row["exit_code"]
            found.append(
                JournalFailure(
                    row["time"],
                    self._text(_attempted(row)) or "",
                    f"exit {code}" if code is not None else "failed",
                    _end(self.mask(row["output"])) if row["output"] else None,
                    later["time"] if later else None,
                    later is not None,
                    self._place(row),
                )
            )
        for row in self.rows.values():
            if row["state"] == "failed":
                error = self._text(row["error"] or row["error_code"]) or "failed"
                number = self.numbers[row["source"], row["place"]]
                at = row["ended_at"] or row["started_at"]
                found.append(
                    JournalFailure(at, f"turn {number}", error, None, None, False, self._place(row))
                )
        return found

    def _commits(self) -> list[JournalCommit]:
        found = []
        for row in self._effective("calls"):
            if row["kind"] == "command" and row["status"] == "completed" and row["output"]:
                for sha, subject in _COMMITTED.findall(row["output"]):
                    found.append(
                        JournalCommit(sha, self._text(subject), row["time"], self._place(row))
                    )
        return found

    def _tokens(self) -> Tokens:
        rows = list(self._included("usage"))
        return Tokens(*(sum(row[name] for row in rows) for name in Tokens.__struct_fields__))

    def _sources(self) -> list[Source]:
        used = {source for source, _ in self.rows} if not self.whole else None
        return [
            Source(self.names[row["source"]], _note(row))
            for row in self.record.segments
            if used is None or row["source"] in used
        ]


def _note(segment: Row) -> str | None:
    if segment["state"] != "following":
        return str(segment["state"]).replace("_", " ")
    if segment["representation"] == "zst":
        return "compressed; bytes count in what it holds"
    return "archived" if segment["archived"] else None


def _attempted(row: Row) -> str:
    """The failed command, or the files of the patch."""
    command = row["command"] or row["tool"]
    patched = _PATCHED.findall(command) if row["kind"] == "patch" else []
    return f"patch of {', '.join(patched)}" if patched else command


def summarize_turns(turns: list[JournalTurn]) -> EarlierTurns | None:
    """Summarize turns as counts; None if there are none."""
    if not turns:
        return None
    commands = [one for turn in turns for one in turn.commands]
    files = dict.fromkeys(file.path for turn in turns for file in turn.files)
    failed = sum(one.status == "failed" for one in commands)
    return EarlierTurns(turns[0].n, turns[-1].n, len(commands), failed, list(files))


def _changed(edits: Iterable[tuple[str, str]]) -> list[FileChange]:
    changes: dict[str, list[str]] = {}
    for path, change in edits:
        changes.setdefault(path, []).append(change)
    return [
        FileChange(path, list(dict.fromkeys(made)), len(made)) for path, made in changes.items()
    ]


def _relative(path: str, folder: str) -> str:
    """The path relative to the folder, if it is inside."""
    try:
        return PurePath(path).relative_to(folder).as_posix() if folder else path
    except ValueError:
        return path


def truncate(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars].rstrip() + " …"


def _end(text: str) -> str:
    text = text.strip()
    return text if len(text) <= OUTPUT_CHARS else "… " + text[-OUTPUT_CHARS:].lstrip()
