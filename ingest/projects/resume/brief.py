"""Renders the resume as text within a limit of words. Pure.

Text from logs is kept on one line each, so that it cannot imitate the structure of the brief.
"""

from typing import Final

from msgspec import Struct

from ingest.projects.markdown import plain
from ingest.projects.resume.model import (
    Decision,
    LogPosition,
    OpenFailure,
    OpenStep,
    Resume,
    SessionCommit,
    TouchedFile,
)
from ingest.sessions.session import label
from ingest.text.sanitize import one_line

WORDS: Final = 800
LEAST: Final = 60
_LISTED: Final = 30
_KEPT: Final = 3
"""Every section keeps this many lines before a section is dropped."""
_LINE_WORDS: Final = 40
_LINE_CHARS: Final = 300
_COMMIT: Final = 10


class Section(Struct):
    """A title, its lines, and the number of lines that did not fit."""

    title: str
    lines: list[str]
    hidden: int = 0

    def hide(self) -> None:
        self.lines.pop()
        self.hidden += 1

    @property
    def text(self) -> list[str]:
        if not self.lines and not self.hidden:
            return []
        more = [f"- … {self.hidden} more"] if self.hidden else []
        return ["", f"## {self.title}", *self.lines, *more]

    @property
    def words(self) -> int:
        return sum(len(line.split()) for line in self.text)


def brief(resume: Resume, words: int = WORDS, digits: int = 8) -> str:
    """Render the resume in at most `words` words, with ids of `digits` characters."""
    head, tail = _head(resume, digits), ["", "## Continue", resume.command]
    sections = _Sections(digits).of(resume, words)
    room = words - _count(head) - _count(tail)
    while sections and sum(section.words for section in sections) > room:
        _shrink(sections)
    body = [line for section in sections for line in section.text]
    return "\n".join(_bounded([*head, *body], words - _count(tail)) + tail) + "\n"


def _shrink(sections: list[Section]) -> None:
    """Drop one line: of the longest section, or, if all are short, of the least important one."""
    longest = max(sections, key=lambda section: len(section.lines))
    last = sections[-1]
    if len(longest.lines) > _KEPT:
        longest.hide()
    elif len(last.lines) > 1:
        last.hide()
    else:
        sections.pop()


def _count(lines: list[str]) -> int:
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


def _head(resume: Resume, digits: int) -> list[str]:
    session = resume.session
    where = f"{resume.project} on {resume.branch}" if resume.branch else resume.project
    last = f", last at {session.last_at:%Y-%m-%d %H:%M} UTC" if session.last_at else ""
    return [
        f"# {_line(where)}",
        "",
        f"Session {session.id[:digits]}: {_line(label(session), 20)} ({session.state}{last})",
        f"Chosen: {_line(resume.chosen_because)}",
        f"Git: {_line(resume.alignment_why)}",
    ]


class _Sections:
    """Builds the sections, with ids of `digits` characters."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    def of(self, resume: Resume, words: int) -> list[Section]:
        asked = []
        if resume.asked is not None:
            text = _line(resume.asked.text, max(_LINE_WORDS, words // 5), 4000)
            asked = [f"{text} {self._where(resume.asked.place)}"]
        return [
            Section("Last request", asked),
            _section("Open steps", [self._step(one) for one in resume.open_steps]),
            _section("Failures not repaired yet", [self._failure(one) for one in resume.failures]),
            _section("Decisions", [_decision(one) for one in resume.decisions]),
            _section("Files", [self._file(one) for one in resume.files]),
            _section("Commits made while it ran", [_commit(one) for one in resume.commits]),
            _section("Commits since then, by no session", [_by(one) for one in resume.uncovered]),
        ]

    def _step(self, one: OpenStep) -> str:
        state = one.state.replace("_", " ")
        return f"- [ ] {_line(one.text)} · {state}{self._from(one.place)}"

    def _failure(self, one: OpenFailure) -> str:
        code = "failed" if one.exit_code is None else f"exit {one.exit_code}"
        times = f", {one.times}×" if one.times > 1 else ""
        text = f": {_line(one.output, 20)}" if one.output else ""
        return f"- $ {_line(one.command)} → {code}{times}{text} {self._where(one.place)}"

    def _file(self, one: TouchedFile) -> str:
        moved = f" → {_line(one.moved_to)}" if one.moved_to else ""
        times = f", {one.times}×" if one.times > 1 else ""
        return f"- {_line(one.change, 3)} {_line(one.path)}{moved}{times} {self._where(one.place)}"

    def _from(self, place: LogPosition | None) -> str:
        return f" {self._where(place)}" if place is not None else ""

    def _where(self, place: LogPosition) -> str:
        """Session, turn and the byte its line begins at."""
        parts = []
        if place.revision is not None:
            parts.append(f"plan {place.revision}")
        if place.turn is not None:
            parts.append(f"turn {place.turn}")
        if place.byte is not None:
            parts.append(f"byte {place.byte}")
        return f"({' '.join([place.session[: self.digits], ', '.join(parts)]).strip()})"


def _section(title: str, lines: list[str]) -> Section:
    return Section(title, lines[:_LISTED], max(0, len(lines) - _LISTED))


def _decision(one: Decision) -> str:
    return f"- {_line(one.text)} · {_line(one.by, 3)}, {one.at:%Y-%m-%d}"


def _commit(one: SessionCommit) -> str:
    return f"- {one.id[:_COMMIT]} {_line(one.subject)}"


def _by(one: SessionCommit) -> str:
    return f"{_commit(one)} · {_line(one.author, 3)}, {one.at:%Y-%m-%d}"


def _line(text: str | None, words: int = _LINE_WORDS, chars: int = _LINE_CHARS) -> str:
    return plain(cut_words(one_line(text or ""), words, chars))


def cut_words(text: str, words: int, chars: int = _LINE_CHARS) -> str:
    """The first words of a line, with an ellipsis if there are more."""
    parts = text.split(" ")
    kept = " ".join(parts[:words])
    if len(kept) > chars:
        kept = kept[:chars]
    return kept if kept == text else f"{kept.rstrip()}…"
