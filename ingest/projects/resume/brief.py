"""Renders the resume as text within a limit of words. Pure.

The order is that in which a person needs it: objective, what is done, what is open, decisions,
failures, the last answer, the checkout, commits by others, files, notes, and how to continue. Text
from logs is kept on one line each, so that it cannot imitate the structure of the brief.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.codex.liveness import SessionState
from ingest.projects.git.work_tree import UncommittedFile
from ingest.projects.markdown import plain
from ingest.projects.resume.model import (
    AT_WORK,
    Decision,
    DoneStep,
    LogPosition,
    OpenFailure,
    OpenStep,
    PlacedText,
    Resume,
    ResumeNote,
    ResumeSummary,
    SessionCommit,
    TouchedFile,
    Unmerged,
)
from ingest.sessions.session import Session, label
from ingest.text.numbers import pluralize
from ingest.text.sanitize import one_line
from ingest.text.times import ago

WORDS: Final = 800
LEAST: Final = 60
_LISTED: Final = 30
"""Most lines of a section."""
_DONE: Final = 3
_RUNNING: Final = 3
"""Most running sessions to name."""
_LINE_WORDS: Final = 40
_LEAST_LINE_WORDS: Final = 12
_LINE_CHARS: Final = 300
_COMMIT: Final = 10
_STAGES: Final = ((3, 30), (1, 30), (1, 12), (0, 8), (0, 3), (0, 0))
"""How many lines the sections keep, and how many steps remain, as the words run out."""


class Section(Struct):
    """A title, its lines, and the number of lines that did not fit."""

    title: str
    """Ends with the number of its lines, if these are of one kind."""
    lines: list[str]
    rank: int
    """The higher, the sooner its lines are dropped; the lowest is that of the open steps."""
    hidden: int = 0

    def hide(self) -> None:
        self.lines.pop()
        self.hidden += 1

    @property
    def text(self) -> list[str]:
        counted = self.title.endswith(")")
        if not self.lines and not (self.hidden and counted):
            return []
        more = [f"- … {self.hidden} more"] if self.hidden and self.lines else []
        return ["", f"## {self.title}", *self.lines, *more]

    @property
    def words(self) -> int:
        return _count(self.text)


def brief(resume: Resume, words: int = WORDS, digits: int = 8, *, ids: bool = False) -> str:
    """Render the resume in at most `words` words, with ids of `digits` characters. With `ids`, each
    line ends with the id that `tailboard get` takes, instead of the position for people."""
    writer = _Writer(resume, words, digits, ids)
    head, sections, tail = writer.head(), writer.sections(), writer.tail()
    room = words - _count(head) - _count(tail)
    _shrink(sections, room)
    body = [line for section in sections for line in section.text]
    return "\n".join(_bounded([*head, *body], words - _count(tail)) + tail) + "\n"


def _shrink(sections: list[Section], room: int) -> None:
    """Drop lines until the sections fit, those of the open steps last. What is dropped is counted;
    if even that does not fit, whole sections are dropped.
    """
    ranked = sorted(sections, key=lambda section: section.rank, reverse=True)
    left = sum(section.words for section in sections)
    for others, steps in _STAGES:
        for section in ranked:
            least = others if section.rank else steps
            while left > room and len(section.lines) > least:
                left -= section.words
                section.hide()
                left += section.words
    while left > room and ranked:
        section = ranked.pop(0)
        left -= section.words
        sections.remove(section)


def _count(lines: Iterable[str]) -> int:
    return sum(len(line.split()) for line in lines)


def _bounded(lines: list[str], words: int) -> list[str]:
    kept = []
    for line in lines:
        if _count([line]) > words:
            kept += [cut_words(line, words)] if words > 1 else []
            break
        words -= _count([line])
        kept.append(line)
    return kept


class _Writer:
    """Writes the parts of the brief, with ids of `digits` characters."""

    def __init__(self, resume: Resume, words: int, digits: int, ids: bool) -> None:
        self.resume = resume
        self.digits = digits
        self.words = words
        self.ids = ids
        self.line_words = min(_LINE_WORDS, max(_LEAST_LINE_WORDS, words // 12))

    def head(self) -> list[str]:
        resume = self.resume
        where = f"{resume.project} on {resume.branch}" if resume.branch else resume.project
        return [f"# {self._line(where)}", "", f"As of {resume.as_of:%Y-%m-%d %H:%M} UTC."]

    def tail(self) -> list[str]:
        resume = self.resume
        session = resume.session
        state = f"{session.state}, {ago(session.last_at, resume.as_of)}"
        lines = [f"Session {self._name(session)} ({state}). {resume.chosen_because}"]
        if session.state in AT_WORK:
            doing = "waits for you" if session.state is SessionState.WAITING else "is at work now"
            lines = [f"Session {self._name(session)} {doing}; this begins another one."]
        others = [other for other in resume.running if other.id != session.id][:_RUNNING]
        lines += [f"At work now: {self._name(other)}." for other in others]
        most = max(12, self.words // 6) // len(lines)
        return ["", "## Continue", *(_cut(line, most) for line in lines), resume.command]

    def _name(self, session: Session) -> str:
        title = cut_words(one_line(label(session)), max(8, self.words // 40))
        return f"{session.id[: self.digits]}: {title}"

    def sections(self) -> list[Section]:
        resume = self.resume
        long = max(self.line_words, self.words // 8)
        return [
            Section("Objective", list(self._placed("", resume.objective, long)), 1),
            Section("Summary", [self._summary(one, long) for one in resume.summaries], 3),
            self._done(),
            _section("Open", map(self._step, self._steps()), 0),
            _section("Decisions", map(self._decision, resume.decisions), 3),
            _section("Failures not repaired", map(self._failure, resume.failures), 2),
            Section(
                "Last turn",
                [
                    *self._placed("- Asked: ", self._asked(), long),
                    *self._placed("- Answered: ", resume.last_answer, long),
                ],
                4,
            ),
            _section("State file and database disagree", map(self._plain, resume.state_file), 5),
            Section("Checkout", self._checkout(), 6),
            _section("Commits since then, by no session", map(self._by, resume.uncovered), 7),
            _section("Files", map(self._file, resume.files), 8),
            _section("Notes", map(self._note, resume.notes), 9),
        ]

    def _plain(self, text: str) -> str:
        return f"- {self._line(text)}"

    def _placed(self, before: str, what: PlacedText | None, words: int) -> Iterable[str]:
        if what is not None:
            yield f"{before}{_cut(what.text, words, 4000)}{self._end(what.at, what.place)}"

    def _done(self) -> Section:
        resume = self.resume
        steps = [self._finished(step) for step in resume.done[:_DONE]]
        commits = [self._commit(commit) for commit in resume.commits[:_DONE]]
        hidden = resume.done_count - len(steps) + len(resume.commits) - len(commits)
        count = f" ({resume.done_count})" if resume.done_count else ""
        return Section(f"Done{count}", [*steps, *commits], 5, hidden)

    def _finished(self, step: DoneStep) -> str:
        where = f" · {self._line(step.where)}" if step.where else ""
        return f"- [x] {self._line(step.text)}{where}{self._end(step.at, step.place)}"

    def _asked(self) -> PlacedText | None:
        """The last request, unless it is the objective."""
        asked, objective = self.resume.asked, self.resume.objective
        same = asked is not None and objective is not None and asked.text == objective.text
        return None if same else asked

    def _steps(self) -> list[OpenStep]:
        """The open steps, without the goal that is the objective."""
        resume = self.resume
        goal = resume.objective.text if resume.objective else None
        return [step for step in resume.open_steps if (step.origin, step.text) != ("goal", goal)]

    def _step(self, step: OpenStep) -> str:
        parts = [
            "next" if step.next else "",
            step.state.replace("_", " "),
            _cut(step.owner, 6) if step.owner else "",
            f"waits for {', '.join(step.waits_for)}" if step.waits_for else "",
            self._line(step.where) if step.where else "",
        ]
        marks = ", ".join(filter(None, parts))
        return f"- [ ] {self._line(step.text)} · {marks}{self._end(step.at, step.place, step.id)}"

    def _decision(self, decision: Decision) -> str:
        by = _cut(decision.by, 3)
        return f"- {self._line(decision.text)} · {by}{self._end(decision.at, decision.place)}"

    def _failure(self, failure: OpenFailure) -> str:
        code = "failed" if failure.exit_code is None else f"exit {failure.exit_code}"
        times = f", {failure.times}×" if failure.times > 1 else ""
        output = f": {_cut(failure.output, min(20, self.line_words))}" if failure.output else ""
        prompt = "" if failure.command.startswith("patch of ") else "$ "
        command = prompt + self._line(failure.command)
        return f"- {command} → {code}{times}{output}{self._end(failure.at, failure.place)}"

    def _checkout(self) -> list[str]:
        resume, tree = self.resume, self.resume.work_tree
        lines = []
        if tree is not None and tree.unread:
            lines.append(f"- What is not committed is not known. {self._line(tree.unread)}")
        if tree is not None and tree.operation:
            of = f" of {self._line(tree.branch)}" if tree.branch else ""
            at = f" ({tree.progress})" if tree.progress else ""
            lines.append(f"- A {tree.operation}{of} was begun and is not finished{at}.")
        if tree is not None and tree.files:
            files = [self._uncommitted(file) for file in tree.files[:_LISTED]]
            more = f"; and {len(tree.files) - _LISTED} more" if len(tree.files) > _LISTED else ""
            count = pluralize(len(tree.files), "file")
            lines.append(cut_words(f"- Not committed: {count}: {'; '.join(files)}{more}", 60, 900))
        lines += map(self._unmerged, resume.unmerged)
        lines += [
            f"- Stash: {self._line(stash.subject)}{self._end(stash.at, None)}"
            for stash in (tree.stashes if tree is not None else [])
        ]
        return [*lines, f"- {self._line(resume.alignment_why)}"]

    def _uncommitted(self, file: UncommittedFile) -> str:
        age = f", {ago(file.at, self.resume.as_of)}" if file.at else ""
        return f"{file.change} {self._line(file.path)}{age}"

    def _unmerged(self, unmerged: Unmerged) -> str:
        sessions = pluralize(unmerged.sessions, "session")
        end = self._end(unmerged.at, unmerged.place)
        name = self._line(unmerged.branch)
        return f"- Not merged: {name}, {sessions}, last “{_cut(unmerged.title, 20)}”{end}"

    def _file(self, file: TouchedFile) -> str:
        moved = f" → {self._line(file.moved_to)}" if file.moved_to else ""
        times = f", {file.times}×" if file.times > 1 else ""
        path = f"{_cut(file.change, 3)} {self._line(file.path)}"
        return f"- {path}{moved}{times}{self._end(file.at, file.place)}"

    def _note(self, note: ResumeNote) -> str:
        return f"- {self._line(note.text)} · {_cut(note.by, 3)}{self._end(note.at, note.place)}"

    def _summary(self, summary: ResumeSummary, words: int) -> str:
        of = "session" if summary.place is not None else "project"
        text, by = _cut(summary.text, words, 4000), _cut(summary.by, 3)
        return f"- Of the {of}: {text} · {by}{self._end(summary.at, summary.place)}"

    def _commit(self, commit: SessionCommit) -> str:
        subject = self._line(commit.subject)
        return f"- commit {commit.id[:_COMMIT]} {subject}{self._end(commit.at, None)}"

    def _by(self, commit: SessionCommit) -> str:
        subject, author = self._line(commit.subject), _cut(commit.author, 3)
        return f"- {commit.id[:_COMMIT]} {subject} · {author}{self._end(commit.at, None)}"

    def _line(self, text: str | None) -> str:
        return _cut(text, self.line_words)

    def _end(self, at: datetime | None, place: LogPosition | None, task: str = "") -> str:
        """The age, and the place in the log: the session, the turn, and where its line begins."""
        age = f" · {ago(at, self.resume.as_of)}" if at is not None else ""
        if self.ids:
            id_ = task or (item_id(place, self.digits) if place is not None else "")
            return f"{age} `{id_}`" if id_ else age
        parts = []
        if place is not None and place.revision is not None:
            parts.append(f"plan {place.revision}")
        if place is not None and place.turn is not None:
            parts.append(f"turn {place.turn}")
        if place is not None and place.byte is not None:
            parts.append(f"byte {place.byte}")
        session = place.session[: self.digits] if place is not None else ""
        where = " ".join(filter(None, (session, ", ".join(parts))))
        both = ", ".join(filter(None, (f"task {task}" if task else "", where)))
        return f"{age} ({both})" if both else age


def item_id(place: LogPosition, digits: int) -> str:
    """The id of what a session's file holds at a position; without one, that of the session."""
    session = place.session[:digits]
    return session if place.byte is None else f"{session}@{place.byte}"


def _section(title: str, lines: Iterable[str], rank: int) -> Section:
    every = list(lines)
    count = f" ({len(every)})" if every else ""
    return Section(f"{title}{count}", every[:_LISTED], rank, max(0, len(every) - _LISTED))


def _cut(text: str | None, words: int, chars: int = _LINE_CHARS) -> str:
    """Text of a log on one line, at most so long, without Markdown that acts."""
    return plain(cut_words(one_line(text or ""), words, chars))


def cut_words(text: str, words: int, chars: int = _LINE_CHARS) -> str:
    """The first words of a line, with an ellipsis if there are more."""
    parts = text.split(" ")
    kept = " ".join(parts[:words])
    if len(kept) > chars:
        kept = kept[:chars]
    return kept if kept == text else f"{kept.rstrip()}…"
