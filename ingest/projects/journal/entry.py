"""One session as an entry of a journal: rows in, an `Entry` out. Pure.

Only what the log says or a person said is told: a decision is an answer to a question, a failure is
repaired where the very same command went well later. Nothing hangs on the clock.
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

_MADE: Final = ("completed", "running")
_GONE: Final = ("rolled_back", "reverted")
_GOALS: Final = {"complete": "completed", "active": "in_progress"}
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_COMMITTED: Final = re.compile(
    r"^\[[^\]\n]{1,200}? (?:\(root-commit\) )?([0-9a-f]{7,40})\] ?([^\n]{0,200})", re.MULTILINE
)

Mask = Callable[[str], str]


class Rules(Struct, frozen=True):
    """How entries are made."""

    mask: Mask
    zone: tzinfo | None
    """Whose days are meant; None is the system's."""
    turns: int
    """So many newest turns are told one by one; those before are counted."""


def build_entry(record: Record, rules: Rules, day: date | None = None) -> Entry | None:
    """The session, or what of it began on this day; None where that is nothing."""
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
            if number is not None and row["status"] in _MADE:
                self.edits.setdefault(number, []).append(self._edit(row))

    def entry(self) -> Entry | None:
        if not self.rows and not self.whole:
            return None
        row = self.record.session
        turns = self._turns()
        counting = [one for one in turns if one.state not in _GONE]
        told = turns[-self.rules.turns :]
        newest = counting[-1] if counting else None
        title = self._said(title_of(row["title"]), ASKED_CHARS)
        return Entry(
            session=row["id"],
            title=title or "(no prompt)",
            project=self._said(row["project"]) or "unknown",
            branch=self._said(row["began_on"]),
            commit=row["commit"],
            parent=row["parent_id"],
            agent=self._said(" ".join(filter(None, (row["nickname"], row["role"])))),
            model=self._said(row["model"]),
            cli_version=self._said(row["cli_version"]),
            started_at=row["started_at"]
            if self.whole
            else self._began(next(iter(self.rows.values()))),
            ended_at=row["last_at"] if self.whole else self._ended(),
            outcome=newest.state if newest else "unknown",
            objective=next((one.asked for one in counting if one.asked), None),
            goals=self._goals(),
            plan=self._plan(),
            turn_count=len(turns),
            earlier=summarize_turns(turns[: -self.rules.turns]),
            turns=told,
            decisions=self._decisions(),
            failures=self._failures(),
            files=_changed(file for one in counting for file in self.edits.get(one.n, [])),
            commits=self._commits(),
            tokens=self._tokens(),
            notes=[
                Note(self._said(one["text"], ANSWER_CHARS) or "", self._said(one["kind"]))
                for one in self.record.facts["notes"]
            ]
            if self.whole
            else [],
            sources=self._sources(),
        )

    def _began(self, turn: Row) -> datetime | None:
        """Old releases tell no times of turns; theirs are told with the day of their session."""
        session = self.record.session
        began: datetime | None = turn["started_at"] or session["started_at"] or session["last_at"]
        return began

    def _mine(self, name: str) -> Iterable[Row]:
        """The rows of a kind that belong to a turn that is told."""
        if self.whole:
            return self.record.facts[name]
        return (row for row in self.record.facts[name] if (row["source"], row["turn"]) in self.rows)

    def _live(self, name: str) -> Iterable[Row]:
        """Those of turns that still count."""
        for row in self._mine(name):
            turn = self.rows.get((row["source"], row["turn"]))
            if turn is None or turn["state"] not in _GONE:
                yield row

    def _place(self, row: Row) -> LogPosition:
        return LogPosition(self.names[row["source"]], row["byte"])

    def _said(self, text: str | None, chars: int = COMMAND_CHARS) -> str | None:
        """Masked whole, then cut: half a secret is no pattern any more."""
        return truncate(self.mask(text), chars) if text else None

    def _ended(self) -> datetime | None:
        times = [row["ended_at"] or row["started_at"] for row in self.rows.values()]
        return max((one for one in times if one), default=None)

    def _turns(self) -> list[JournalTurn]:
        said = messages_by_turn(self._mine("messages"))
        commands: dict[tuple[int, int], list[CommandRun]] = {}
        for row in self._mine("calls"):
            if row["kind"] == "command":
                commands.setdefault((row["source"], row["turn"]), []).append(self._done(row))
        spent = {(row["source"], row["turn"]): row["total"] for row in self._mine("usage")}
        return [
            JournalTurn(
                n=self.numbers[key],
                at=row["started_at"],
                seconds=row["seconds"],
                state=row["state"],
                asked=self._said("\n\n".join(said.get(key, TurnMessages()).prompts), ASKED_CHARS),
                answered=self._said(said.get(key, TurnMessages()).answer, ANSWER_CHARS),
                error=self._said(row["error"] or row["error_code"]),
                commands=commands.get(key, []),
                files=_changed(self.edits.get(self.numbers[key], [])),
                tokens=spent.get(key, 0),
                place=self._place(row),
            )
            for key, row in self.rows.items()
        ]

    def _done(self, row: Row) -> CommandRun:
        return CommandRun(
            row["time"],
            self._said(row["command"] or row["tool"]) or "",
            row["status"],
            row["exit_code"],
            row["seconds"],
            self._place(row),
        )

    def _edit(self, row: Row) -> tuple[str, str]:
        path = _relative(row["path"], self.record.session["cwd"] or "")
        change = f"moved to {row['moved_to']}" if row["moved_to"] else row["change"]
        return self._said(path) or "", self._said(change) or ""

    def _goals(self) -> list[JournalStep]:
        newest: dict[str, str] = {}
        for row in self._live("goals"):
            if row["objective"]:
                newest[row["objective"]] = row["status"]
            elif newest and row["status"]:
                newest[list(newest)[-1]] = row["status"]
        return [
            JournalStep(self._said(text) or "", _GOALS.get(status, status))
            for text, status in newest.items()
        ]

    def _plan(self) -> JournalPlan | None:
        revisions: list[Revision] = []
        before: dict[str, str] = {}
        steps: list[JournalStep] = []
        for row in self._live("plans"):
            steps = [
                JournalStep(self._said(text) or "", status)
                for text, status in decode_steps(row["steps"])
            ]
            after = {one.text: one.status for one in steps}
            revisions.append(
                Revision(
                    row["time"],
                    self._said(row["explanation"]),
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
        for row in self._live("calls"):
            if row["kind"] == "question" and row["status"] == "completed":
                questions, answer = question_text(row["command"]), answer_text(row["output"])
                if answer:
                    found.append(
                        Decision(
                            row["time"],
                            self._said(questions, ASKED_CHARS) or "",
                            self._said(answer, ASKED_CHARS) or "",
                            self._place(row),
                        )
                    )
        return found

    def _failures(self) -> list[JournalFailure]:
        rows = [row for row in self._live("calls") if row["kind"] in ("command", "patch")]
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
                    self._said(_named(row)) or "",
                    f"exit {code}" if code is not None else "failed",
                    _end(self.mask(row["output"])) if row["output"] else None,
                    later["time"] if later else None,
                    later is not None,
                    self._place(row),
                )
            )
        for row in self.rows.values():
            if row["state"] == "failed":
                error = self._said(row["error"] or row["error_code"]) or "failed"
                number = self.numbers[row["source"], row["place"]]
                at = row["ended_at"] or row["started_at"]
                found.append(
                    JournalFailure(at, f"turn {number}", error, None, None, False, self._place(row))
                )
        return found

    def _commits(self) -> list[JournalCommit]:
        found = []
        for row in self._live("calls"):
            if row["kind"] == "command" and row["status"] == "completed" and row["output"]:
                for sha, subject in _COMMITTED.findall(row["output"]):
                    found.append(
                        JournalCommit(sha, self._said(subject), row["time"], self._place(row))
                    )
        return found

    def _tokens(self) -> Tokens:
        rows = list(self._mine("usage"))
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


def _named(row: Row) -> str:
    """What was tried: the command, or the files of a patch."""
    command = row["command"] or row["tool"]
    patched = _PATCHED.findall(command) if row["kind"] == "patch" else []
    return f"patch of {', '.join(patched)}" if patched else command


def summarize_turns(turns: list[JournalTurn]) -> EarlierTurns | None:
    """Turns as one count; None where there are none."""
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
    """As seen from the folder, where it lies in it."""
    try:
        return PurePath(path).relative_to(folder).as_posix() if folder else path
    except ValueError:
        return path


def truncate(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars].rstrip() + " …"


def _end(text: str) -> str:
    text = text.strip()
    return text if len(text) <= OUTPUT_CHARS else "… " + text[-OUTPUT_CHARS:].lstrip()
